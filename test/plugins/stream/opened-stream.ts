// What the cases of stream adapters work on: a store that was opened for them, addresses of items, and events as objects.
import type { HistoryLimits, ItemAddress, StreamStore } from '../../../plugins/stream/adapters/store.ts'
import type { StreamEvent } from '../../../plugins/stream/event.ts'

export interface OpenedStream {
  readonly store: StreamStore
  /** Closes the store and opens the same data again. Absent where nothing outlives the store. */
  readonly reopen?: () => Promise<OpenedStream>
}

/** Gives an empty store and sees to its closing. */
export type OpenStream = (history?: HistoryLimits) => Promise<OpenedStream>

export const ignore = (): void => {}

export const item = (name: string, group = 'g', stream = 's'): ItemAddress => ({ stream, group, item: name })

/** What an event says, as an object. */
export const shown = (event: StreamEvent): Record<string, unknown> => JSON.parse(event.payload) as never
