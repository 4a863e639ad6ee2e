// What is limited in the skills, prompts and profiles of the directory, for docs/reference/limits.md.
import { MAX_FRONT_MATTER_CHARACTERS } from '../../../kit/registry/frontmatter.ts'
import { bytesText, charactersText, countText, timeText } from '../../../base/values/amount-text.ts'
import type { Bound } from '../../../sdk/built-in.ts'
import { MAX_SKILLS } from '../agents/profile-library.ts'
import {
  LONGEST_BURST_MS,
  MAX_DEPTH,
  MAX_FILE_BYTES,
  MAX_FILES,
  MAX_FOLDERS,
  MAX_WAITING_CHANGES,
} from '../files/bounds.ts'
import { DOWNLOAD_MS, MAX_DOWNLOADS } from './download/download.ts'
import { MAX_SET_BYTES, MAX_SET_FILES } from './download/file-set.ts'
import { MAX_ID_CHARACTERS } from './skill-id.ts'
import { MAX_CHANGED } from './trigger-types.ts'

export const SKILL_BOUNDS: readonly Bound[] = [
  {
    limit: 'file of a skill, prompt or profile',
    initial: bytesText(MAX_FILE_BYTES),
    effect: '`D213` when it is written or read; passed over in listings, with a line in the log',
  },
  {
    limit: 'frontmatter of such a file',
    initial: charactersText(MAX_FRONT_MATTER_CHARACTERS),
    effect: 'it counts as none',
  },
  { limit: 'id of a skill', initial: charactersText(MAX_ID_CHARACTERS), effect: '`D112`' },
  {
    limit: 'Markdown files in a folder of skills, folders in it, and folders below one another',
    initial: [MAX_FILES, MAX_FOLDERS, MAX_DEPTH].map(countText).join(', '),
    effect: 'those beyond are neither listed nor watched, with a line in the log',
  },
  {
    limit: 'changes of skills that wait for the one before',
    initial: countText(MAX_WAITING_CHANGES),
    effect: '`overloaded`',
  },
  { limit: 'downloads of skills at a time', initial: countText(MAX_DOWNLOADS), effect: '`overloaded`' },
  {
    limit: 'a download of skills',
    initial: `${countText(MAX_SET_FILES)} files, ${bytesText(MAX_SET_BYTES)}`,
    effect: '`D311`; nothing is written',
  },
  {
    limit: 'time of a registry or repository to send skills',
    option: 'download_timeout_ms',
    initial: timeText(DOWNLOAD_MS),
    effect: '`D320`; `git` is ended',
  },
  { limit: 'skills that a profile names', initial: countText(MAX_SKILLS), effect: '`D213`; it is not listed' },
  {
    limit: 'wait for files of skills to stop changing',
    initial: timeText(LONGEST_BURST_MS),
    effect: 'what has changed is told, and the rest in another event',
  },
  {
    limit: 'names in an event of changes by others',
    initial: countText(MAX_CHANGED),
    effect: 'those beyond are counted and not named',
  },
]
