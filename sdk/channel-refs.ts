// Channel refs inside payloads: recognised by shape, and replaced by live ends before a handler sees them (spec 08 §4).
import type { ChannelRef } from './handle-types.ts'

/** Does it name an end of a channel? */
export function isChannelRef(value: unknown): value is ChannelRef {
  if (typeof value !== 'object' || value === null) return false
  const { channel_id, access_key, direction } = value as Record<string, unknown>
  return (
    typeof channel_id === 'string' && typeof access_key === 'string' && (direction === 'read' || direction === 'write')
  )
}

/** False when the JSON text cannot hold a ref: saves the walk through nearly every payload. */
export function mayHoldChannelRef(json: string): boolean {
  return json.includes('channel_id') && json.includes('access_key')
}

/** Replaces every ref in a parsed JSON value, in place where the value is not a ref itself. */
export function replaceChannelRefs(value: unknown, open: (ref: ChannelRef) => unknown): unknown {
  if (isChannelRef(value)) return open(value)
  // A stack of containers instead of recursion: the depth of a payload is the sender's choice.
  const containers: unknown[] = [value]
  for (let container = containers.pop(); container !== undefined; container = containers.pop()) {
    if (typeof container !== 'object' || container === null) continue
    const members = container as Record<string, unknown>
    for (const key of Object.keys(members)) {
      const member = members[key]
      if (isChannelRef(member)) members[key] = open(member)
      else if (typeof member === 'object' && member !== null) containers.push(member)
    }
  }
  return value
}

/** The refs in a value, each with its path, such as `a.b[0].c`; `''` for the value itself. */
export function extractChannelRefs(value: unknown): [path: string, ref: ChannelRef][] {
  if (isChannelRef(value)) return [['', value]]
  const found: [string, ChannelRef][] = []
  const visit = (container: unknown, path: string): void => {
    if (typeof container !== 'object' || container === null) return
    for (const [key, member] of Object.entries(container)) {
      const memberPath = Array.isArray(container) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
      if (isChannelRef(member)) found.push([memberPath, member])
      else visit(member, memberPath)
    }
  }
  visit(value, '')
  return found
}
