// The `action` member of a call (spec 01 §6): void, or enqueue with further members that are handed on to the queue.

export type Action = { type: 'void' } | { type: 'enqueue'; queue: string; [member: string]: unknown }

/** Reads an action from raw JSON; null = absent. Undefined for anything that is not one: the call is then undecodable. */
export function parseAction(json: string): Action | null | undefined {
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
