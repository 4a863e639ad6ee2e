// A page of a list that is made of the lists of several queues: those of a topic's subscriptions.
import type { RawJson } from '../../../sdk/raw-json.ts'
import type { Page, QueueRef } from '../adapters/backend.ts'
import { rowList } from './job-rows.ts'
import type { Meant } from './names.ts'

export interface ListedBy<Entry> {
  /** A page of one queue, in order. */
  readonly read: (queue: QueueRef, page: Page) => Promise<readonly Entry[]>
  readonly order: (one: Entry, other: Entry) => number
  readonly row: (entry: Entry, functionOfQueue: string) => RawJson
  /** Entries that belong to no queue. Default: none. */
  readonly further?: ((page: Page) => Promise<readonly Entry[]>) | undefined
}

export async function mergedPage<Entry>(
  { queues, functionOf }: Meant,
  { offset, limit }: Page,
  { read, order, row, further }: ListedBy<Entry>,
): Promise<RawJson> {
  const [only] = queues
  if (only !== undefined && queues.length === 1 && further === undefined) {
    const entries = await read(only, { offset, limit })
    return rowList(entries.map((entry) => row(entry, functionOf(only))))
  }
  const first = { offset: 0, limit: offset + limit }
  const listed = async (entries: Promise<readonly Entry[]>, functionOfQueue: string) =>
    (await entries).map((entry, place) => ({ functionOfQueue, entry, place }))
  const lists = await Promise.all([
    ...queues.map((queue) => listed(read(queue, first), functionOf(queue))),
    ...(further === undefined ? [] : [listed(further(first), '')]),
  ])
  const merged = lists.flat().sort((one, other) => order(one.entry, other.entry) || one.place - other.place)
  return rowList(merged.slice(offset, offset + limit).map(({ functionOfQueue, entry }) => row(entry, functionOfQueue)))
}
