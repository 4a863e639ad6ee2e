// All admin functions of the worker (spec 03 §5).
import { registerBuiltIn, type FunctionRegistrar } from '../../../kit/functions/built-in-function.ts'
import { metricsFunction, type MetricsDeps } from '../watch/metrics.ts'
import { controlFunctions, type ControlDeps } from './control.ts'
import { deadLetterFunctions, type DeadLetterDeps } from './dead-letters.ts'
import { listingFunctions } from './listing.ts'

export interface AdminDeps extends ControlDeps, DeadLetterDeps, MetricsDeps {}

export function registerAdminFunctions(iii: FunctionRegistrar, deps: AdminDeps): void {
  const functions = [
    ...listingFunctions(deps),
    ...deadLetterFunctions(deps),
    ...controlFunctions(deps),
    metricsFunction(deps),
  ]
  for (const each of functions) registerBuiltIn(iii, each)
}
