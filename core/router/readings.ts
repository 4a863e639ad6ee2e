// The figures that are read off the router when somebody asks for them, and cost nothing until then.
import type { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'
import type { LogicalBinding } from '../model/binding.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { PluginRouting, Registries, WorkerTable } from './ports.ts'

export interface Readable extends Registries {
  readonly workers: WorkerTable['workers']
  readonly slots: PluginRouting['slots']
  readonly warnings: ThrottledWarnings
}

export function readRouter(metrics: Metrics, { functions, triggers, workers, slots, warnings }: Readable): void {
  metrics.read('iii.invocations.deferred', () => sum(workers, ({ calls }) => calls.size) + held(slots))
  metrics.read('iii.invocations.void.open', () => sum(workers, ({ voids }) => voids?.open ?? 0))
  metrics.read('iii.gate.held', () => held(slots))
  metrics.read('iii.workers.active', () => sum(workers, ({ policy }) => (policy.kind === 'engine' ? 0 : 1)))
  metrics.read('iii.workers.connected', () => sum(workers, ({ link }) => (link.kind === 'socket' ? 1 : 0)))
  metrics.read('iii.functions.active', () => [...functions.all()].length)
  metrics.read('iii.triggers.bound', () => countBindings(triggers, ({ provider }) => provider !== undefined))
  metrics.read('iii.triggers.parked', () => countBindings(triggers, ({ provider }) => provider === undefined))
  metrics.read('iii.warnings', () => warnings.total)
}

function sum<Item>(items: ReadonlyMap<string, Item>, of: (item: Item) => number): number {
  let total = 0
  for (const item of items.values()) total += of(item)
  return total
}

function held(slots: Readable['slots']): number {
  return sum(slots, ({ gate }) => gate.size)
}

function countBindings(triggers: Registries['triggers'], counts: (logical: LogicalBinding) => boolean): number {
  let count = 0
  for (const { logical } of triggers.bindings()) if (counts(logical)) count++
  return count
}
