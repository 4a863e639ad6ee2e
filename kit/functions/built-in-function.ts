// Declares a function of a built-in worker: id, description, published schemas, decoding of the input, and what it does.
import type { FunctionOptions, FunctionRef, Handler } from '../../sdk/handle-types.ts'
import type { JsonSchema } from '../../sdk/plugin.ts'
import { readCarriedInput } from './carried-input.ts'
import { InputReader, type InputObject } from './input-reader.ts'

/** The part of the handle that registering functions needs. */
export interface FunctionRegistrar {
  registerFunction(id: string, handler: Handler, options?: FunctionOptions): FunctionRef
}

/** A function as it is declared; `carried` names members that are only stored or passed on and stay the text that was sent. */
export interface BuiltInFunction<Input> {
  readonly id: string
  readonly description: string
  readonly request: JsonSchema
  readonly response: JsonSchema
  /** No payload, and null, count as `{}`. Default: they are a `deserialization_error`. */
  readonly optionalInput?: boolean
  /**
   * Members that are only stored or passed on: `decode` gets them as `RawJson`, the text that was sent, checked to be JSON and neither
   * parsed nor written again. Default: none.
   */
  readonly carried?: readonly string[]
  /** What is carried is kept for a moment only: it may hold on to the whole input meanwhile, which spares a copy. Default false. */
  readonly carriedBriefly?: boolean
  /** Turns the input into what `run` takes; throws through `reader`. */
  decode(input: InputObject, reader: InputReader): Input
  /** The result: `undefined` = none, `RawJson` = text as it is. May throw or reject with a `CodedError`. */
  run(input: Input): unknown
}

/** Registers a function from its declaration: id, description, schemas, decoding of the input, what it does. */
export function registerBuiltIn<Input>(iii: FunctionRegistrar, declaration: BuiltInFunction<Input>): FunctionRef {
  const { id, carried, carriedBriefly, optionalInput } = declaration
  const reader = new InputReader(id)
  const run = (data: unknown): unknown => {
    const object = optionalInput === true ? reader.optionalObject(data) : reader.object(data)
    return declaration.run(declaration.decode(object, reader))
  }
  const handler =
    carried === undefined ? run : (json: string) => run(readCarriedInput(json, carried, id, carriedBriefly))
  return iii.registerFunction(id, handler, {
    description: declaration.description,
    request_format: declaration.request,
    response_format: declaration.response,
    // Built-in functions store and forward what they get: a channel ref in it belongs to whoever reads it later.
    live_channel_refs: false,
    ...(carried === undefined ? {} : { raw: true }),
  })
}
