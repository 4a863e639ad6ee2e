// The `action` member of a call (spec 01 §6): void, or enqueue with further members that are handed on to the queue.

export type Action = { type: 'void' } | { type: 'enqueue'; queue: string; [member: string]: unknown }

/** Reads an action from raw JSON; null = absent. Undefined for anything that is not one: the call is then undecodable. */
function parseAction(json: string): Action | null | undefined {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return undefined
  }
  if (value === null) return null
  if (typeof value !== 'object') return undefined
  const action = value as Record<string, unknown>
  if (action['type'] === 'void') return { type: 'void' }
  if (action['type'] === 'enqueue' && typeof action['queue'] === 'string') return action as Action
  return undefined
}

/** Actions that are remembered, and the longest text of one; then all are forgotten. */
const MAX_KNOWN = 256
const MAX_KNOWN_BYTES = 256
const known = new Map<string, Action>([['{"type":"void"}', { type: 'void' }]])
/** The one that was read last: nearly always the next one, too. */
let lastText = new Uint8Array(0)
let lastAction: Action | undefined

/** The action in a part of a frame, read as by `parseAction`. Those that say nothing but a queue come again and again, and are read once. */
export function actionAt(frame: Buffer, start: number, end: number): Action | null | undefined {
  if (lastAction !== undefined && isLastText(frame, start, end)) return lastAction
  if (end - start > MAX_KNOWN_BYTES) return parseAction(frame.utf8Slice(start, end))
  // One unit for each byte: two texts never have the same name.
  const name = frame.latin1Slice(start, end)
  const same = known.get(name)
  if (same !== undefined) {
    lastText = new Uint8Array(frame.subarray(start, end))
    lastAction = same
    return same
  }
  const action = parseAction(frame.utf8Slice(start, end))
  if (action && Object.keys(action).length <= 2) {
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(name, Object.freeze(action))
  }
  return action
}

function isLastText(frame: Buffer, start: number, end: number): boolean {
  if (end - start !== lastText.length) return false
  for (let index = 0; index < lastText.length; index++) if (lastText[index] !== frame[start + index]) return false
  return true
}
