// `fn`: registers a function with the engine and hands the handler back, so that other code of this worker can call it directly.
import { iii } from '../iii.ts'

interface FunctionOptions {
  readonly description?: string
}

export function fn<Input, Output>(
  id: string,
  handler: (input: Input) => Promise<Output>,
  options: FunctionOptions = {},
): (input: Input) => Promise<Output> {
  iii.registerFunction(id, handler, options)
  return handler
}
