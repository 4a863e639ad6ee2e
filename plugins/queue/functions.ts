// The functions of `iii-queue`.
import { registerBuiltIn, type FunctionRegistrar } from '../../kit/functions/built-in-function.ts'
import { registerAdminFunctions, type AdminDeps } from './admin/functions.ts'
import { defineFunction, type DefineContext } from './define.ts'
import { enqueueFunction, type EnqueueContext } from './enqueue.ts'
import { registerPublish, type PublishDeps } from './topics/publish.ts'

export interface QueueFunctionsContext {
  readonly enqueue: EnqueueContext
  readonly define: DefineContext
  readonly publish: PublishDeps
  readonly admin: AdminDeps
}

export function registerQueueFunctions(iii: FunctionRegistrar, context: QueueFunctionsContext): void {
  const { enqueue, define, publish, admin } = context
  registerBuiltIn(iii, enqueueFunction(enqueue))
  registerBuiltIn(iii, defineFunction(define))
  registerPublish(iii, publish)
  registerAdminFunctions(iii, admin)
}
