// What a client says: join and leave (spec 02 §6.4), with the position of ours from which it wants to resume.
import { isRecord } from '../../../base/values/is-record.ts'
import { readPosition, type Position } from '../event.ts'

export interface JoinMessage {
  readonly type: 'join'
  readonly subscriptionId: string
  readonly stream: string
  readonly group: string
  readonly item: string | null
  /** `unknown`: there is one, but not one of ours. */
  readonly resumeFrom: Position | 'unknown' | undefined
}

export interface LeaveMessage {
  readonly type: 'leave'
  readonly subscriptionId: string
  readonly stream: string
  readonly group: string
  readonly item: string | null
}

export type ClientMessage = JoinMessage | LeaveMessage

/** Text or the problem with it, in words for the log. Blank text gives undefined. */
export function readClientMessage(text: string): ClientMessage | { readonly problem: string } | undefined {
  if (text.trim() === '') return undefined
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return { problem: 'it is no JSON' }
  }
  if (!isRecord(message)) return { problem: 'it is no object' }
  const { type, data } = message
  if (type !== 'join' && type !== 'leave') return { problem: `its type is ${shown(type)}, not "join" or "leave"` }
  if (!isRecord(data)) return { problem: `its data is ${shown(data)}, not an object` }
  const { subscriptionId, streamName: stream, groupId: group, id } = data
  if (typeof subscriptionId !== 'string') return notText('subscriptionId', subscriptionId)
  if (typeof stream !== 'string') return notText('streamName', stream)
  if (typeof group !== 'string') return notText('groupId', group)
  if (id !== undefined && id !== null && typeof id !== 'string') return notText('id', id)
  const address = { subscriptionId, stream, group, item: id ?? null }
  if (type === 'leave') return { type, ...address }
  const resumeFrom = readResumePosition(positionIn(data) ?? positionIn(message))
  return { type, ...address, resumeFrom }
}

/** Absent, null and empty text mean: no resume. */
export function readResumePosition(value: unknown): Position | 'unknown' | undefined {
  if (value === undefined || value === null || value === '') return undefined
  return (typeof value === 'string' ? readPosition(value) : undefined) ?? 'unknown'
}

/** Inside `data` or beside it, under its own name or the ones that event streams of browsers use. */
function positionIn(members: Readonly<Record<string, unknown>>): unknown {
  return members['position'] ?? members['lastEventId'] ?? members['last_event_id']
}

function notText(member: string, value: unknown): { readonly problem: string } {
  return { problem: `its ${member} is ${shown(value)}, not a string` }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing'
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
