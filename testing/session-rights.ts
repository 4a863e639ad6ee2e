// The rights of a session that is restricted in nothing but what a test is about.
import type { SessionRights } from '../core/model/policy.ts'

export type { SessionRights }

/** Complete rights: nothing may be called but what is public, everything else is open, then `changes`. */
export function sessionRights(changes: Partial<SessionRights> = {}): SessionRights {
  return {
    allowedFunctions: [],
    forbiddenFunctions: [],
    allowedTriggerTypes: undefined,
    allowFunctionRegistration: true,
    allowTriggerTypeRegistration: true,
    context: {},
    prefix: undefined,
    namespaces: {},
    expose: [],
    expiresInMs: undefined,
    onFunctionRegistration: undefined,
    onTriggerRegistration: undefined,
    onTriggerTypeRegistration: undefined,
    ...changes,
  }
}
