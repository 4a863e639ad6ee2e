// What a thread that unpacks archives runs. Errors go back as data: of an error that crosses threads only the message would be left.
import { ArchiveError } from './archive-error.ts'
import { unpackArchive, type UnpackedFile, type UnpackTask } from './unpack-archive.ts'

export type UnpackOutcome =
  | { readonly kind: 'unpacked'; readonly files: readonly UnpackedFile[] }
  | { readonly kind: 'refused'; readonly reason: string; readonly entry: string | undefined; readonly message: string }
  /** The disk, most likely. */
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | undefined }

export default async function unpack(task: UnpackTask): Promise<UnpackOutcome> {
  try {
    return { kind: 'unpacked', files: await unpackArchive(task) }
  } catch (error) {
    if (error instanceof ArchiveError) {
      const { reason, entry, message } = error
      return { kind: 'refused', reason, entry, message }
    }
    const { message, code } = error as NodeJS.ErrnoException
    return { kind: 'failed', message, code }
  }
}
