// How the frame of an event must look, for all subscribers together: the first one to get it parses and checks it, the others
// must get the same bytes.
import { eventOfN, payloadJson } from './payload.ts'
import { isValue, KEY_DIGITS } from './workload.ts'

/** Events whose bytes are kept. Above it a late subscriber's frames are parsed again, which is slower and no less exact. */
const PLACES = 1024
/** Bytes of frames that are kept: a burst of large ones. */
const MAX_KEPT_BYTES = 64 * 1024

export interface StreamPlace {
  readonly stream: string
  readonly group: string
  readonly items: number
  readonly payloadBytes: number
}

interface KnownFrame {
  readonly event: number
  readonly bytes: Buffer
}

export class StreamFrames {
  readonly #place: StreamPlace
  readonly #value: string
  readonly #known: (KnownFrame | undefined)[] = Array.from({ length: PLACES }, () => undefined)

  constructor(place: StreamPlace) {
    this.#place = place
    this.#value = payloadJson(place.payloadBytes)
  }

  /** Whether these are the bytes that another subscriber got for the event. */
  isKnown(event: number, buffer: Buffer, start: number, end: number): boolean {
    const known = this.#known[event % PLACES]
    if (known === undefined || known.event !== event || known.bytes.length !== end - start) return false
    return known.bytes.compare(buffer, start, end) === 0
  }

  /** Number of the event that the frame brings; a word that says what is wrong with it; undefined for a frame that is no event. */
  read(buffer: Buffer, start: number, end: number): number | string | undefined {
    const frame = JSON.parse(buffer.utf8Slice(start, end)) as Record<string, unknown>
    const { stream, group, items } = this.#place
    const { type, data } = (frame['event'] ?? {}) as { type?: unknown; data?: unknown }
    if (type === 'sync') return undefined
    if (type !== 'create' && type !== 'update') return `unexpected_frame: ${String(type)}`
    if (frame['streamName'] !== stream || frame['groupId'] !== group) return 'wrong_group'
    const n = typeof data === 'object' && data !== null && 'n' in data ? Number(data.n) : Number.NaN
    const event = eventOfN(n)
    if (!isValue(data, this.#value, n) || !Number.isInteger(event)) return 'wrong_value'
    if (frame['id'] !== `k${String(event % items).padStart(KEY_DIGITS, '0')}`) return 'wrong_item'
    const bytes = Buffer.from(buffer.subarray(start, end))
    const known = this.#known[event % PLACES]
    // Later frames of the same event may differ only if they are of another sending of it, which its subscriber will notice.
    if (known?.event === event && !known.bytes.equals(bytes)) return 'different_frames'
    if (bytes.length <= MAX_KEPT_BYTES) this.#known[event % PLACES] = { event, bytes }
    return event
  }
}
