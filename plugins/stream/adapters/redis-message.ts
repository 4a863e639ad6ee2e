// What is published on the channel of events, back to an event: the wrapper that subscribers get (spec 02 §6.1), by engines like
// this one with a position, by iii and by hand without.
import { objectParts } from '../../../kit/bridge/json-parts.ts'
import { isJsonObject } from '../../../base/values/json-value.ts'
import { changeText, readPosition, StreamEvent } from '../event.ts'

/** Ours comes last. Inside a string the quotes would be escaped, so the first of these is the member. */
const EVENT_MEMBER = ',"event":'
const DELETION = '{"type":"delete","data":'

/** undefined for anything that is no event. */
export function readMessage(text: string): StreamEvent | undefined {
  return readOurs(text) ?? readAny(text)
}

/** Takes the text of `event` as it is: numbers keep all their digits. */
function readOurs(text: string): StreamEvent | undefined {
  const at = text.indexOf(EVENT_MEMBER)
  if (at === -1 || !text.endsWith('}')) return undefined
  const head = parse(`${text.slice(0, at)}}`)
  if (head === undefined) return undefined
  const event = text.slice(at + EVENT_MEMBER.length, -1)
  return toEvent(head, parse(event), event) ?? readDeletionOfText(head, event)
}

/** Somebody had stored what is no JSON, and it was deleted: as on the engine that did it, it is handed on as a JSON string. */
function readDeletionOfText(head: Record<string, unknown>, event: string): StreamEvent | undefined {
  if (!event.startsWith(DELETION) || !event.endsWith('}')) return undefined
  const change = changeText('delete', JSON.stringify(event.slice(DELETION.length, -1)))
  return toEvent(head, parse(change), change)
}

function readAny(text: string): StreamEvent | undefined {
  const wrapper = parse(text)
  const event = wrapper === undefined ? undefined : objectParts(text)?.get('event')
  return event === undefined ? undefined : toEvent(wrapper!, wrapper!['event'], event)
}

function toEvent(head: Record<string, unknown>, content: unknown, event: string): StreamEvent | undefined {
  const { timestamp, streamName: stream, groupId: group, id: item = null, position } = head
  if (typeof stream !== 'string' || typeof group !== 'string' || (item !== null && typeof item !== 'string'))
    return undefined
  if (!Number.isSafeInteger(timestamp) || !isJsonObject(content) || typeof content['type'] !== 'string')
    return undefined
  return new StreamEvent({
    stream,
    group,
    item,
    timestamp: timestamp as number,
    event,
    position: typeof position === 'string' ? readPosition(position) : undefined,
  })
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
