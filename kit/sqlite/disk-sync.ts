// Which commits wait for the disk. One whose operations are all lazy does not: it is in the write-ahead log, which the system keeps when the
// process dies, and the next commit that waits brings it to the disk as well. Where none comes, this makes one.
import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** What was committed lazily is on the disk after this time. */
export const LAZY_MS = 50

export class DiskSync {
  readonly #database: DatabaseSync
  readonly #write: (operation: () => void) => Promise<void>
  readonly #totalChanges: StatementSync
  readonly #touch: string
  #waits = true
  /** Changes of the connection at the last lazy commit; undefined = all that is committed is on the disk. */
  #lazyAt: number | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false

  /** @param write runs an operation in a commit that waits */
  constructor(database: DatabaseSync, write: (operation: () => void) => Promise<void>) {
    this.#database = database
    this.#write = write
    this.#totalChanges = database.prepare('SELECT total_changes() AS changes')
    // Written as it is: a page that changes in nothing but a counter.
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number }
    this.#touch = `PRAGMA user_version=${version}`
  }

  /** Before a transaction is begun. */
  begin(isLazy: boolean): void {
    if (this.#waits === !isLazy) return
    this.#database.exec(`PRAGMA synchronous=${isLazy ? 'NORMAL' : 'FULL'}`)
    this.#waits = !isLazy
  }

  /** The transaction is committed. */
  committed(): void {
    if (!this.#waits) {
      this.#lazyAt = this.#changes()
      this.#timer ??= setTimeout(this.#sync, LAZY_MS).unref()
    } else if (this.#lazyAt !== undefined && this.#changes() !== this.#lazyAt) {
      // One that has written nothing has synchronised nothing.
      this.#lazyAt = undefined
    }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  readonly #sync = (): void => {
    this.#timer = undefined
    if (this.#lazyAt === undefined || this.#closed) return
    this.#write(() => this.#database.exec(this.#touch)).then(
      () => (this.#lazyAt = undefined),
      // Such as on a full disk, which others are told of.
      () => !this.#closed && (this.#timer ??= setTimeout(this.#sync, LAZY_MS).unref()),
    )
  }

  #changes(): number {
    return (this.#totalChanges.get() as { changes: number }).changes
  }
}
