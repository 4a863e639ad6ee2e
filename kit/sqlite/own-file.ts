// Notices that a store file was removed or replaced while it is open: what is written then goes into a file that nobody finds again,
// so it must not be acknowledged. Looked at before each commit, which costs 2 µs of the hundreds that a commit takes.
import { statSync } from 'node:fs'
import { StoreError, type StorePlace } from './store-error.ts'

export class OwnFile {
  readonly #place: StorePlace
  readonly #inode: number

  constructor(place: StorePlace) {
    this.#place = place
    this.#inode = statSync(place.file).ino
  }

  /** @throws {StoreError} */
  check(): void {
    const { file } = this.#place
    if (statSync(file, { throwIfNoEntry: false })?.ino === this.#inode) return
    throw new StoreError(
      file,
      `The store file ${file} was removed or replaced while it is in use; nothing of this was written. ` +
        'Put it back, or restart the engine to go on with what is there.',
    )
  }
}
