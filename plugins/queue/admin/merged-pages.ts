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
}

export async function mergedPage<Entry>(
  { queues, functionOf }: Meant,
  { offset, limit }: Page,
  { read, order, row }: ListedBy<Entry>,
): Promise<RawJson> {
  const [only] = queues
  if (only !== undefined && queues.length === 1) {
    const entries = await read(only, { offset, limit })
    return rowList(entries.map((entry) => row(entry, functionOf(only))))
  }
  const first = { offset: 0, limit: offset + limit }
  const lists = await Promise.all(
    queues.map(async (queue) => (await read(queue, first)).map((entry, place) => ({ queue, entry, place }))),
  )
  const merged = lists.flat().sort((one, other) => order(one.entry, other.entry) || one.place - other.place)
  return rowList(merged.slice(offset, offset + limit).map(({ queue, entry }) => row(entry, functionOf(queue))))
}
