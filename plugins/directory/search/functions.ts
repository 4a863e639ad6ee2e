// `directory::search_functions` (spec 05 A.6): which functions do what an agent is about to do, and which workers could be added for it.
import { registerBuiltIn, type FunctionRegistrar } from '../../../kit/functions/built-in-function.ts'
import { objectSchema } from '../../../kit/functions/function-schemas.ts'
import type { InputObject, InputReader } from '../../../kit/functions/input-reader.ts'
import type { TriggerRequest } from '../../../sdk/handle-types.ts'
import type { JsonSchema } from '../../../sdk/plugin.ts'
import type { Place } from '../place.ts'
import {
  MAX_CAPABILITIES,
  MAX_CAPABILITY_CHARACTERS,
  MAX_FUNCTIONS,
  MAX_INSTALLABLE,
  MAX_INSTALLABLE_FUNCTIONS,
  MAX_WORKERS,
} from './bounds.ts'

export interface SearchContext {
  readonly place: Place
  readonly call: (request: TriggerRequest) => Promise<unknown>
  readonly log: { debug(message: string): void }
}

const FUNCTIONS: JsonSchema = {
  type: 'array',
  items: objectSchema({ function_id: { type: 'string' }, description: { type: 'string' } }, [
    'function_id',
    'description',
  ]),
}

export function registerSearch(iii: FunctionRegistrar, context: SearchContext): void {
  registerBuiltIn(iii, {
    id: 'directory::search_functions',
    description: 'Finds functions that do something, told in a few words, and workers that could be added for it.',
    request: objectSchema(
      {
        capabilities: {
          type: 'array',
          items: { type: 'string', minLength: 1, maxLength: MAX_CAPABILITY_CHARACTERS },
          minItems: 1,
          maxItems: MAX_CAPABILITIES,
          description: 'Each in a few words, such as `resize an image`. They are searched for one by one.',
        },
      },
      ['capabilities'],
    ),
    response: objectSchema(
      {
        guidance: { type: 'string', description: 'What to do with the answer.' },
        workers: {
          type: 'array',
          description: `The best first, at most ${MAX_WORKERS} with ${MAX_FUNCTIONS} functions in all.`,
          items: objectSchema(
            { namespace: { type: 'string', description: 'What stands before the first `::`.' }, functions: FUNCTIONS },
            ['namespace', 'functions'],
          ),
        },
        installable: {
          type: 'array',
          description: `Workers of the registry, at most ${MAX_INSTALLABLE} with ${MAX_INSTALLABLE_FUNCTIONS} functions in all; left out where there is none.`,
          items: objectSchema(
            {
              name: { type: 'string' },
              version: { type: ['string', 'null'] },
              description: { type: 'string' },
              functions: FUNCTIONS,
              install: objectSchema({ function: { type: 'string' }, payload: { type: 'object' } }, [
                'function',
                'payload',
              ]),
            },
            ['name', 'version', 'description', 'functions', 'install'],
          ),
        },
        latency_ms: { type: 'integer' },
      },
      ['guidance', 'workers', 'latency_ms'],
    ),
    decode: readCapabilities,
    run: async (capabilities) => (await import('./search.ts')).searchFunctions(capabilities, context),
  })
}

function readCapabilities(input: InputObject, reader: InputReader): string[] {
  const capabilities = reader.array(input, 'capabilities')
  if (capabilities.length === 0 || capabilities.length > MAX_CAPABILITIES)
    reader.wrong(input, 'capabilities', `an array of 1 to ${MAX_CAPABILITIES} texts`)
  return capabilities.map((capability, index) => {
    if (typeof capability !== 'string' || capability.trim() === '')
      return reader.fail(`\`capabilities[${index}]\` must be a text that is not blank`)
    if (capability.length > MAX_CAPABILITY_CHARACTERS)
      return reader.fail(`\`capabilities[${index}]\` is longer than ${MAX_CAPABILITY_CHARACTERS} characters`)
    return capability
  })
}
