// What is limited of the files of skills, prompts and profiles. The rows of the reference are in `../skills/bounds.ts`.

/** Of one file, frontmatter included (spec 05 A.4). */
export const MAX_FILE_BYTES = 256 * 1024
/** Files of one folder that are looked at. */
export const MAX_FILES = 10_000
/** Folders in it that are looked into, and watched. */
export const MAX_FOLDERS = 5_000
/** Folders below one another. */
export const MAX_DEPTH = 32
/** Files that are read side by side. */
export const READS_AT_ONCE = 32
/** Characters of a title, name or other member in a listing. */
export const MAX_MEMBER_CHARACTERS = 300
/** Characters of a description in a listing. */
export const MAX_DESCRIPTION_CHARACTERS = 2_000
/** Changes that wait for the one before them. */
export const MAX_WAITING_CHANGES = 1_000
/** Skipped files that are remembered, so that each is logged once. */
export const MAX_NOTICES = 1_000
/** Silence that ends a burst of changes by others. */
export const QUIET_MS = 250
/** A burst is told after that even if it never pauses. */
export const LONGEST_BURST_MS = 2_000
