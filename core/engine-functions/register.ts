// Registers the engine's own functions on its worker (spec 04 part C). Those of channels, plugins and sessions stand with their subjects.
import type { FunctionRegistry } from '../registry/functions.ts'
import type { Worker } from '../model/worker.ts'
import { announceFunctions } from './announce.ts'
import { baggageFunctions } from './baggage.ts'
import type { EngineFunction } from '../model/engine-function.ts'
import type { EngineFunctionDeps } from './deps.ts'
import { functionFunctions } from './functions.ts'
import { healthFunctions } from './health.ts'
import { logFunctions } from './logs.ts'
import { registerTriggerFunctions } from './register-trigger.ts'
import { triggerFunctions } from './triggers.ts'
import { workerFunctions } from './workers.ts'

export type { EngineFunction } from '../model/engine-function.ts'
export type { EngineFunctionDeps, HealthComponent, InternalWorker } from './deps.ts'
export type { TriggerProposal } from '../model/binding.ts'

/** To be called once. */
export function registerEngineFunctions(deps: EngineFunctionDeps): void {
  const groups = [
    functionFunctions(deps),
    triggerFunctions(deps),
    registerTriggerFunctions(deps),
    workerFunctions(deps),
    announceFunctions(deps),
    logFunctions(deps),
    baggageFunctions(),
    healthFunctions(deps),
  ]
  const { functions } = deps.registries
  for (const list of groups) addEngineFunctions(functions, deps.table.engineWorker, list)
}

/** Registers further functions of the engine. */
export function addEngineFunctions(
  functions: FunctionRegistry,
  engineWorker: Worker,
  list: readonly EngineFunction[],
): void {
  for (const { id, description, requestFormat, responseFormat, internal, exact, handler } of list) {
    const metadata = internal === true ? { internal: true } : undefined
    const conflict = functions.register(engineWorker, id, {
      rawId: id,
      description,
      requestFormat,
      responseFormat,
      metadata,
      handler,
      exact: exact === true,
    })
    if (conflict !== undefined) throw new Error(conflict.reason)
  }
}
