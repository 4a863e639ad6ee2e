// Where streams stand in Redis (spec 02 §7.3): one hash `stream:<stream>:<group>` per group, field = item, value = JSON text.
// `:` and `%` of the stream's name are percent-encoded, so that stream a with group b:c is never stream a:b with group c; names
// without them look as iii writes them.
import { decodeName, encodeName } from '../../../kit/redis/redis-name.ts'

const PREFIX = 'stream:'

/** The empty name is a lone `%`, which no encoding gives: `stream::…` are the keys below. */
const EMPTY = '%'

/** Hash: epoch, offset and timestamp of the newest event, bytes of the journal. */
export const EPOCH_KEY = 'stream::epoch'
/** Redis stream of the latest events; the id of an entry is `<offset>-0`. */
export const JOURNAL_KEY = 'stream::journal'
/** Set: the items whose newest event has the newest timestamp. */
export const STAMPED_KEY = 'stream::stamped'
/** Channel on which every event is published. */
export const CHANNEL = 'stream::events'

export function groupKey(stream: string, group: string): string | Buffer {
  return encodeName(`${PREFIX}${encodeStream(stream)}:${group}`)
}

export interface GroupAddress {
  readonly stream: string
  readonly group: string
}

/** undefined for a key that is no group. */
export function readGroupKey(key: Buffer): GroupAddress | undefined {
  const text = decodeName(key).slice(PREFIX.length)
  const end = text.indexOf(':')
  if (end <= 0) return undefined
  return { stream: decodeStream(text.slice(0, end)), group: text.slice(end + 1) }
}

/** Glob pattern for the groups of one stream, or of all. */
export function groupPattern(stream?: string): string | Buffer {
  if (stream === undefined) return `${PREFIX}*`
  return encodeName(`${PREFIX}${encodeStream(stream).replace(/[\\*?[\]^]/g, '\\$&')}:*`)
}

function encodeStream(stream: string): string {
  return stream === '' ? EMPTY : stream.replaceAll('%', '%25').replaceAll(':', '%3A')
}

function decodeStream(text: string): string {
  return text === EMPTY ? '' : text.replaceAll('%3A', ':').replaceAll('%25', '%')
}
