import { CodedError } from '../../../protocol/errors.ts'
import type { FunctionRegistrar } from '../../../sdk/built-in.ts'

export function registerTallyFunctions(registrar: FunctionRegistrar, max: number): void {
  let tally = 0
  registrar.registerFunction(
    'tally::add',
    ({ by }: { by: number }) => {
      if (tally + by > max) throw new CodedError('TALLY_FULL', `the tally is ${tally}, and may be ${max} at most`)
      return { tally: (tally += by) }
    },
    { description: 'Adds to the tally.', request_format: { type: 'object', properties: { by: { type: 'integer' } } } },
  )
}
