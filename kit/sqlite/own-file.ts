// Notices that a store file was removed or replaced while it is open: what is written then goes into a file that nobody finds again,
// so it must not be acknowledged. Looked at by commits, but not by each: that took a fifth of the writes per second.
import { statSync } from 'node:fs'
import { StoreError, type StorePlace } from './store-error.ts'

/** For so long after a look the file counts as there. */
const TRUST_MS = 50

export class OwnFile {
  readonly #place: StorePlace
  readonly #now: () => number
  readonly #inode: number
  #seenAt: number

  constructor(place: StorePlace, now: () => number = performance.now.bind(performance)) {
    this.#place = place
    this.#now = now
    this.#inode = statSync(place.file).ino
    this.#seenAt = now()
  }

  /** @throws {StoreError} */
  check(): void {
    const now = this.#now()
    if (now - this.#seenAt < TRUST_MS) return
    const { file } = this.#place
    if (statSync(file, { throwIfNoEntry: false })?.ino === this.#inode) {
      this.#seenAt = now
      return
    }
    throw new StoreError(
      file,
      `The store file ${file} was removed or replaced while it is in use; nothing of this was written. ` +
        'Put it back, or restart the engine to go on with what is there.',
    )
  }
}
