// Functions that are registered as internal: what the engine tells their worker by, shown to nobody who does not ask for them.
import type { FunctionEntry } from './function-entry.ts'

export function isInternal({ presented }: Pick<FunctionEntry, 'presented'>): boolean {
  return saysInternal(presented?.registration.metadata)
}

/** @param metadata of a registration */
export function saysInternal(metadata: unknown): boolean {
  return typeof metadata === 'object' && metadata !== null && 'internal' in metadata && metadata.internal === true
}
