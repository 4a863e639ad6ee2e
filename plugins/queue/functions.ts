// The functions of `iii-queue`.
import { registerBuiltIn, type FunctionRegistrar } from '../../kit/functions/built-in-function.ts'
import { defineFunction, type DefineContext } from './define.ts'
import { enqueueFunction, type EnqueueContext } from './enqueue.ts'

export interface QueueFunctionsContext {
  readonly enqueue: EnqueueContext
  readonly define: DefineContext
}

export function registerQueueFunctions(iii: FunctionRegistrar, { enqueue, define }: QueueFunctionsContext): void {
  registerBuiltIn(iii, enqueueFunction(enqueue))
  registerBuiltIn(iii, defineFunction(define))
}
