// The `rbac` block of a listener, as the plugin uses it. Its shape was checked when the configuration was read.
import { CodedError } from '../../protocol/errors.ts'
import { parseExposeFilter } from '../../protocol/expose-filters.ts'
import type { ExposeFilter, SessionQuestion } from '../../protocol/seats.ts'

export interface Block {
  readonly authFunctionId: string | undefined
  readonly expose: readonly ExposeFilter[]
  readonly hooks: {
    readonly on_function_registration_function_id: string | null
    readonly on_trigger_registration_function_id: string | null
    readonly on_trigger_type_registration_function_id: string | null
  }
}

/** @throws CodedError `AUTH_ERROR` for a filter that can't be read: rather nobody than everybody. */
export function readBlock(rbac: SessionQuestion['rbac']): Block {
  const id = (member: string): string | null => (rbac[member] as string | null | undefined) ?? null
  return {
    authFunctionId: id('auth_function_id') ?? undefined,
    expose: ((rbac['expose_functions'] ?? []) as readonly unknown[]).map(readFilter),
    hooks: {
      on_function_registration_function_id: id('on_function_registration_function_id'),
      on_trigger_registration_function_id: id('on_trigger_registration_function_id'),
      on_trigger_type_registration_function_id: id('on_trigger_type_registration_function_id'),
    },
  }
}

function readFilter(written: unknown): ExposeFilter {
  const reading = parseExposeFilter(written)
  if ('problem' in reading) throw new CodedError('AUTH_ERROR', `expose_functions: ${reading.problem}`)
  return reading.filter
}
