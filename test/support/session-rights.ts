// Rights of sessions: as the policy knows them, as the holder of the seat `session-policy` answers them, and a stand-in for that holder.
import { parseExposeFilter } from '../../protocol/expose-filters.ts'
import type { ExposeFilter, SessionAnswer, SessionQuestion } from '../../protocol/seats.ts'

export { sessionRights } from '../../testing/index.ts'

/** The same as the seat's answer. */
export function sessionAnswer(changes: Partial<SessionAnswer> = {}): SessionAnswer {
  return {
    allowed_functions: [],
    forbidden_functions: [],
    expose_functions: [],
    namespaces: {},
    allow_function_registration: true,
    allow_trigger_type_registration: true,
    allowed_trigger_types: null,
    function_registration_prefix: null,
    on_function_registration_function_id: null,
    on_trigger_registration_function_id: null,
    on_trigger_type_registration_function_id: null,
    context: {},
    expires_in_ms: null,
    ...changes,
  }
}

/** What a holder makes of the result of an auth function and the listener's block (spec 04 B.2, B.3). */
export function sessionAnswerFor(result: object, rbac: SessionQuestion['rbac']): SessionAnswer {
  const hook = (name: string): string | null => (rbac[name] as string | undefined) ?? null
  return sessionAnswer({
    expose_functions: ((rbac['expose_functions'] ?? []) as unknown[]).map(readFilter),
    allow_trigger_type_registration: rbac['auth_function_id'] === undefined,
    on_function_registration_function_id: hook('on_function_registration_function_id'),
    on_trigger_registration_function_id: hook('on_trigger_registration_function_id'),
    on_trigger_type_registration_function_id: hook('on_trigger_type_registration_function_id'),
    ...result,
  })
}

function readFilter(written: unknown): ExposeFilter {
  const reading = parseExposeFilter(written)
  if ('filter' in reading) return reading.filter
  throw new Error(reading.problem)
}
