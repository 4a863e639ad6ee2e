// Pages of a listing: local rows and those of the remote registry, merged by rank without changing the order of either. A name that there
// is locally is passed over among the remote ones.
import { cursorFor, type Place } from './cursor.ts'
import { byRank, scoreOf, type Ranked } from './ranking.ts'
import type { RemotePage } from './remote-registry.ts'
import { PAGE_SIZE, type RegistryPage, type WorkerRow } from './shapes.ts'

/** Remote pages that are asked for to fill one page; it stays shorter where that is not enough. */
export const MAX_REMOTE_PAGES = 4

export interface ListingDeps {
  /** All that fit, the best first. */
  readonly local: readonly Ranked[]
  readonly search: string | undefined
  /** Names that are not taken from the remote registry. */
  readonly localNames: ReadonlySet<string>
  /** undefined: there is no remote registry. */
  readonly remotePage: ((cursor: string | undefined) => Promise<RemotePage>) | undefined
}

export async function listPage(from: Place, deps: ListingDeps): Promise<RegistryPage> {
  const { local, remotePage } = deps
  const workers: WorkerRow[] = []
  const remote = new RemoteRows(from, deps)
  let at = from.local
  while (workers.length < PAGE_SIZE) {
    const mine = local[at]
    const theirs = await remote.next()
    if (mine === undefined && theirs === undefined) break
    const isMine = mine !== undefined && (theirs === undefined || byRank(mine, theirs) <= 0)
    if (isMine) at++
    else remote.take()
    workers.push((isMine ? mine : (theirs as Ranked)).row)
  }
  const next = cursorFor({ local: at, ...remote.place() }, local.length, remotePage !== undefined)
  return { workers, pagination: { next_cursor: next, has_more: next !== null, page_size: PAGE_SIZE } }
}

/** The rows of the remote registry from a place on, one after the other. */
class RemoteRows {
  readonly #deps: ListingDeps
  #cursor: string | null | undefined
  #skip: number
  #page: RemotePage | undefined
  #asked = 0

  constructor({ remote, skip }: Place, deps: ListingDeps) {
    this.#deps = deps
    this.#cursor = deps.remotePage === undefined ? null : remote
    this.#skip = skip
  }

  /** The one that is next; undefined = none for this page. */
  async next(): Promise<Ranked | undefined> {
    const { remotePage, localNames, search } = this.#deps
    if (remotePage === undefined) return undefined
    while (this.#cursor !== null) {
      if (this.#page === undefined) {
        if (this.#asked === MAX_REMOTE_PAGES) return undefined
        this.#asked++
        this.#page = await remotePage(this.#cursor)
      }
      const { rows, next } = this.#page
      while (this.#skip < rows.length && localNames.has(rows[this.#skip]?.name ?? '')) this.#skip++
      const row = rows[this.#skip]
      if (row !== undefined) return { row, score: search === undefined ? 0 : remoteScore(row, search) }
      // A page that names itself as the next one would be asked for without end.
      this.#cursor = next === this.#cursor ? null : next
      this.#page = undefined
      this.#skip = 0
    }
    return undefined
  }

  take(): void {
    this.#skip++
  }

  place(): Pick<Place, 'remote' | 'skip'> {
    const { rows = [], next = null } = this.#page ?? {}
    const isRead = this.#page !== undefined && this.#skip >= rows.length
    return isRead
      ? { remote: next === this.#cursor ? null : next, skip: 0 }
      : { remote: this.#cursor, skip: this.#skip }
  }
}

function remoteScore(row: WorkerRow, search: string): number {
  return scoreOf({ row, aliases: [], tags: [], functionNames: [] }, search)
}
