// Rights of a session that restrict nothing but calls; tests change what they are about.
import type { SessionRights } from '../../core/model/policy.ts'

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
    expiresAt: undefined,
    onFunctionRegistration: undefined,
    onTriggerRegistration: undefined,
    onTriggerTypeRegistration: undefined,
    ...changes,
  }
}
