// The content of files, by its hash. One that looks from outside as it did when its hash was taken is not read again.
import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { contentHash, type InputFile } from './bundle.ts'
import { signatureOf } from '../../../base/files/file-signature.ts'

/** Times of files are not finer than this everywhere: a file that was changed so lately may change again and look the same. */
const CLOCK_STEP_MS = 2_000

/** What is found holds for as long as one of these is used: each file is looked at once. */
export class FileHashes {
  readonly #found = new Map<string, Promise<string | undefined>>()
  readonly #signatures = new Map<string, string>()

  /** @returns undefined: it can't be read. */
  of({ path, hash, signature }: InputFile): Promise<string | undefined> {
    const known = this.#found.get(path)
    if (known !== undefined) return known
    const current = lookAt(path)
    const isSame = current !== undefined && current === signature
    const found = isSame ? Promise.resolve(hash) : readFile(path).then(contentHash, () => undefined)
    // Taken before the file is read: a change in between shows at the next look.
    if (current !== undefined) this.#signatures.set(path, current)
    this.#found.set(path, found)
    return found
  }

  /** What the file looked like, where that tells its content apart from any later one. */
  signatureOf(path: string): { readonly signature?: string } {
    const signature = this.#signatures.get(path)
    return signature === undefined ? {} : { signature }
  }
}

/** Undefined: it may have changed just now. */
function lookAt(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return undefined
  const isSettled = Math.max(stats.mtimeMs, stats.ctimeMs) < Date.now() - CLOCK_STEP_MS
  return isSettled ? signatureOf(stats) : undefined
}
