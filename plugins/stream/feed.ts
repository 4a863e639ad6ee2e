// What the side of the subscribers needs from the side of the store: every event in order, and what was missed.
import type { Position, StreamEvent } from './event.ts'

export interface FeedListener {
  /** In the order of emission, and only after the write is safe. Several may follow each other in one turn of the loop. */
  event(event: StreamEvent): void
  /** Events were lost before they could be told, by a broken connection to a shared store for example: subscribers must start anew. */
  lost(): void
}

export type Missed =
  /** All events of the group (of the item, when one is given) after the position, oldest first. */
  | { readonly recovered: true; readonly events: readonly StreamEvent[]; readonly position: Position }
  /** History does not reach back to the position, or it is of another epoch. */
  | { readonly recovered: false }

export interface Feed {
  listen(listener: FeedListener): () => void
  /**
   * What a subscriber has missed. It is complete up to the returned position: events after it reach the listener after this
   * promise has been resolved and its continuation has run, or are among `events` already, never both.
   */
  missedSince(position: Position, stream: string, group: string, item: string | null): Promise<Missed>
}

/** A read for `sync`: the data as JSON text, and the position up to which it is current, if the store keeps one. */
export interface Snapshot {
  /** JSON: of a group an array, of a missing item `null`. */
  readonly data: string
  readonly position: Position | undefined
}

/** Reads through `stream::get` or `stream::list`, custom streams included. Rejects when the read fails. */
export type ReadSnapshot = (stream: string, group: string, item: string | null) => Promise<Snapshot>
