// `directory::engine::*` (spec 05 A.2): names under which agents of older generations ask the engine what it has. Each passes the call on.
import { registerBuiltIn, type FunctionRegistrar } from '../../kit/functions/built-in-function.ts'
import { CodedError } from '../../protocol/errors.ts'
import { InvocationError } from '../../sdk/errors.ts'
import type { TriggerRequest } from '../../sdk/handle-types.ts'

const TAILS = [
  'functions::info',
  'functions::list',
  'workers::list',
  'workers::info',
  'triggers::list',
  'triggers::info',
  'registered-triggers::list',
  'registered-triggers::info',
] as const

/** A session reaches them only where a grant names them: the engine is asked by this plugin, which sees everything. */
export const ENGINE_ALIASES: readonly string[] = TAILS.map((tail) => `directory::engine::${tail}`)

export function registerEngineAliases(
  iii: FunctionRegistrar,
  { call }: { readonly call: (request: TriggerRequest) => Promise<unknown> },
): void {
  for (const tail of TAILS) {
    registerBuiltIn(iii, {
      id: `directory::engine::${tail}`,
      description: `The same as engine::${tail}.`,
      request: { type: 'object' },
      response: {},
      optionalInput: true,
      decode: ({ _caller_worker_id: _, ...input }) => input,
      run: (payload) => call({ function_id: `engine::${tail}`, payload, raw: true }).catch(asItWas),
    })
  }
}

/** The handle puts the code in front of the message. */
function asItWas(error: unknown): never {
  if (error instanceof InvocationError) throw new CodedError(error.code, error.message.slice(error.code.length + 2))
  throw error
}
