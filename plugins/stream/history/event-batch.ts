// The events of one batch of writes as bytes, and back: exactly the texts that went in, for the price of joining them.
// After a header, a first line says what each event is about and how long its `event` is; then those follow without anything
// in between.
import { StreamEvent, type Change } from '../event.ts'

/** Where it belongs is told with the first of several in a row; from the others it is absent. */
type Head = readonly [lengthAndKind: number, item: string | null, later: number, stream?: string, group?: string]

/** In the two lowest bits of the length: of these, what follows is the data alone, and 0 stands for the whole `event`. */
const KINDS: readonly (Change | undefined)[] = [undefined, 'create', 'update', 'delete']

/** The first line: the timestamp of the first event, then each event, its timestamp as what it is later than that one. */
type Heads = readonly [timestamp: number, ...heads: Head[]]

/** Bytes of the text, number of events, offset of the first one. */
const HEADER_BYTES = 16

/** @param first offset of the first event */
export function writeBatch(events: readonly StreamEvent[], first: number): Buffer {
  const start = events[0]!.timestamp
  let before: StreamEvent | undefined
  const heads: [number, ...Head[]] = [start]
  let body = ''
  for (const event of events) {
    const { stream, group, item, timestamp, change, data } = event
    const isSame = before !== undefined && before.stream === stream && before.group === group
    const later = timestamp - start
    const lengthAndKind = data.length * KINDS.length + KINDS.indexOf(change)
    heads.push(isSame ? [lengthAndKind, item, later] : [lengthAndKind, item, later, stream, group])
    body += data
    before = event
  }
  const text = `${JSON.stringify(heads)}\n${body}`
  const textBytes = Buffer.byteLength(text)
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + textBytes)
  bytes.writeUInt32LE(textBytes, 0)
  bytes.writeUInt32LE(events.length, 4)
  bytes.writeDoubleLE(first, 8)
  bytes.utf8Write(text, HEADER_BYTES, textBytes)
  return bytes
}

export interface BatchText {
  readonly text: string
  readonly first: number
  readonly count: number
}

/** The batches that follow each other in `bytes`. */
export function* readBatches(bytes: Buffer): Generator<BatchText> {
  for (let at = 0; at < bytes.length;) {
    const end = at + HEADER_BYTES + bytes.readUInt32LE(at)
    const text = bytes.toString('utf8', at + HEADER_BYTES, end)
    yield { text, count: bytes.readUInt32LE(at + 4), first: bytes.readDoubleLE(at + 8) }
    at = end
  }
}

/** @param first offset of the first event */
export function readBatch(text: string, epoch: string, first: number): StreamEvent[] {
  // JSON has no line break outside of strings unless somebody formats it, and inside it is escaped.
  const headEnd = text.indexOf('\n')
  const [start, ...heads] = JSON.parse(text.slice(0, headEnd)) as Heads
  let at = headEnd + 1
  let place = { stream: '', group: '' }
  return heads.map(([lengthAndKind, item, later, stream, group], index) => {
    if (stream !== undefined && group !== undefined) place = { stream, group }
    const change = KINDS[lengthAndKind % KINDS.length]
    const data = text.slice(at, (at += Math.floor(lengthAndKind / KINDS.length)))
    const common = { ...place, item, timestamp: start + later, position: { epoch, offset: first + index } }
    return new StreamEvent(change === undefined ? { ...common, event: data } : { ...common, change, data })
  })
}
