// Declares a function of a built-in worker: id, description, published schemas, decoding of the input, and what it does.
import type { FunctionOptions, FunctionRef, Handler } from '../sdk/handle-types.ts'
import type { JsonSchema } from '../sdk/plugin.ts'
import { InputReader, type InputObject } from './input-reader.ts'

/** The part of the handle that registering functions needs. */
export interface FunctionRegistrar {
  registerFunction(id: string, handler: Handler, options?: FunctionOptions): FunctionRef
}

export interface BuiltInFunction<Input> {
  readonly id: string
  readonly description: string
  readonly request: JsonSchema
  readonly response: JsonSchema
  /** No payload, and null, count as `{}`. Default: they are a `deserialization_error`. */
  readonly optionalInput?: boolean
  /** Turns the input into what `run` takes; throws through `reader`. */
  decode(input: InputObject, reader: InputReader): Input
  /** The result: `undefined` = none, `RawJson` = text as it is. May throw or reject with a `CodedError`. */
  run(input: Input): unknown
}

export function registerBuiltIn<Input>(iii: FunctionRegistrar, declaration: BuiltInFunction<Input>): FunctionRef {
  const reader = new InputReader(declaration.id)
  const handler = (data: unknown): unknown => {
    const object = declaration.optionalInput === true ? reader.optionalObject(data) : reader.object(data)
    return declaration.run(declaration.decode(object, reader))
  }
  return iii.registerFunction(declaration.id, handler, {
    description: declaration.description,
    request_format: declaration.request,
    response_format: declaration.response,
    // Built-in functions store and forward what they get: a channel ref in it belongs to whoever reads it later.
    live_channel_refs: false,
  })
}
