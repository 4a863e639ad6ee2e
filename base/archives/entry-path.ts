// Names of archive entries that may become paths below a folder: on every system the same ones, so that an archive that was taken on
// one is not refused on another, or means something else there.
import { ArchiveError } from './archive-error.ts'

const MAX_PATH_BYTES = 1024
const MAX_SEGMENT_BYTES = 255
/** Of Windows: what stands for devices there, with and without an ending. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

/** The segments below the folder; none for the folder itself (`./`). @throws {ArchiveError} */
export function entrySegments(name: string, maxDepth: number): string[] {
  const refuse = (reason: string): never => {
    throw new ArchiveError(reason, name)
  }
  if (name === '') refuse('has no name')
  if (name.includes('\0')) refuse('has a NUL in its name')
  // What a terminal would act on, and what makes a name look like another one.
  if (/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffd]/u.test(name)) refuse('has control characters in its name')
  if (name.startsWith('/')) refuse('has an absolute path')
  if (name.includes('\\')) refuse('has a backslash in its name')
  if (name.includes(':')) refuse('has a colon in its name, which names a drive or a stream on some systems')
  if (Buffer.byteLength(name) > MAX_PATH_BYTES) refuse(`has a path of more than ${MAX_PATH_BYTES} bytes`)
  const segments = name.replace(/\/+$/, '').split('/')
  // As `tar -c .` writes them.
  while (segments[0] === '.') segments.shift()
  for (const segment of segments) {
    if (segment === '..') refuse('leads out of the folder')
    if (segment === '' || segment === '.') refuse('has an empty step in its path')
    if (/[. ]$/.test(segment)) refuse('has a name that ends in a dot or a space')
    if (DEVICE.test(segment)) refuse('has the name of a device')
    if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) refuse(`has a name of more than ${MAX_SEGMENT_BYTES} bytes`)
  }
  if (segments.length > maxDepth) refuse(`is more than ${maxDepth} folders deep`)
  return segments
}

/** The same for names that some file system takes for the same: other case, other composition of letters. */
export function clashKey(segments: readonly string[]): string {
  return segments.join('/').normalize('NFKC').toLowerCase().toUpperCase().normalize('NFKC')
}
