// The events of one batch of writes as one text, and back: exactly the texts that went in, for the price of joining them.
// A first line says what each event is about and how long its `event` is; then those follow without anything in between.
import { StreamEvent } from '../event.ts'

type Head = readonly [stream: string, group: string, item: string | null, timestamp: number, length: number]

export function writeBatch(events: readonly StreamEvent[]): string {
  const heads = events.map(({ stream, group, item, timestamp, event }): Head => {
    return [stream, group, item, timestamp, event.length]
  })
  let body = `${JSON.stringify(heads)}\n`
  for (const { event } of events) body += event
  return body
}

/** @param first offset of the first event */
export function readBatch(text: string, epoch: string, first: number): StreamEvent[] {
  // JSON has no line break outside of strings unless somebody formats it, and inside it is escaped.
  const headEnd = text.indexOf('\n')
  const heads = JSON.parse(text.slice(0, headEnd)) as readonly Head[]
  let at = headEnd + 1
  return heads.map(([stream, group, item, timestamp, length], index) => {
    const event = text.slice(at, (at += length))
    return new StreamEvent({ stream, group, item, timestamp, event, position: { epoch, offset: first + index } })
  })
}
