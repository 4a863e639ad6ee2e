// The types of a call: what goes with which id, and what comes back by which action. No behaviour: `handle.ts` has that.
import type { Action, TriggerRequest } from './handle-types.ts'
import type { FunctionInput, FunctionOutput } from './known-ids.ts'
import type { RawJson } from './raw-json.ts'

declare const notSaid: unique symbol
/** Stands for a type argument that was not written: then the id decides. */
export interface NotSaid {
  readonly [notSaid]: true
}

/** What a call with `action: enqueue` resolves with. */
export interface EnqueueResult {
  /** Id of the job; with `duplicate` that of the earlier one. */
  readonly messageReceiptId: string
  /** An earlier job has the same deduplication key and stands for this one: nothing was stored. Left out otherwise. */
  readonly duplicate?: true
}

/** The payload may be left out where nothing in it is required. */
type Payload<Input> = [undefined] extends [Input]
  ? { readonly payload?: Input | RawJson | null }
  : {} extends Input
    ? { readonly payload?: Input | RawJson | null }
    : { readonly payload: Input | RawJson }

/** A payload says nothing about the type argument: else every payload would fit. */
type InputOf<Input, Id extends string> = [Input] extends [NotSaid] ? FunctionInput<Id> : NoInfer<Input>

type OutputOf<Output, Id extends string, How, Raw> = [How] extends [{ type: 'void' }]
  ? undefined
  : [Output] extends [NotSaid]
    ? [How] extends [{ type: 'enqueue' }]
      ? EnqueueResult
      : [Raw] extends [true]
        ? RawJson | undefined
        : FunctionOutput<Id>
    : NoInfer<Output>

/** A call of the function `Id`, with the payload that it takes. */
export type CallRequest<Input, Id extends string, How, Raw> = Omit<
  TriggerRequest,
  'function_id' | 'payload' | 'action' | 'raw'
> & { readonly function_id: Id; readonly action?: How; readonly raw?: Raw } & Payload<Input>

/**
 * Calls a function. Payload and result are typed by the id where it is one of `KnownFunctions`; for another id say them:
 * `iii.trigger<Order, Receipt>({ function_id: 'orders::create', payload: order })`.
 */
export interface CallFunction {
  <
    Input = NotSaid,
    Output = NotSaid,
    const Id extends string = string,
    How extends Action | undefined = Action | undefined,
    Raw extends boolean | undefined = boolean | undefined,
  >(
    request: CallRequest<InputOf<Input, Id>, Id, How, Raw>,
  ): Promise<OutputOf<Output, Id, How, Raw>>
}
