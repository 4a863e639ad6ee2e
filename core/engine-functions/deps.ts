// What the functions of the engine need to know (spec 04 part C).
import type { Log } from '../log.ts'
import type { Discovery } from '../discovery/discovery.ts'
import type { EngineOptions } from '../model/options.ts'
import type { TriggerProposal } from '../model/binding.ts'
import type { Worker } from '../model/worker.ts'
import type { WorkerLog } from '../telemetry/worker-log.ts'
import type { Refusal } from '../telemetry/worker-notices.ts'
import type { Registries, WorkerTable } from '../router/ports.ts'

/** State of one part of the engine for `engine::health::check`. */
export interface HealthComponent {
  readonly status: 'healthy' | 'degraded' | 'disabled'
  readonly details: Readonly<Record<string, unknown>> | null
}

/** A worker inside the engine that is no plugin, such as a listener; a row of `engine::workers::list`. */
export interface InternalWorker {
  readonly instanceId: string
  readonly name: string
  readonly description?: string
}

export interface EngineFunctionDeps {
  readonly registries: Registries
  readonly table: WorkerTable
  /** `engine.duplicate_workers`. */
  readonly duplicateWorkers: EngineOptions['duplicate_workers']
  /** `engine.unresponsive_ms` as it is at the moment. */
  readonly unresponsiveMs: () => number
  readonly log: Log
  readonly discovery: Pick<Discovery, 'workerMetadataUpdated'>
  /** Parts of the engine with their state, asked at each health check. */
  readonly healthComponents: () => Readonly<Record<string, HealthComponent>>
  /** Workers inside the engine besides plugins. Default: none. */
  readonly internalWorkers?: () => Iterable<InternalWorker>
  /** Called for each announce of an external worker, after it has taken effect (zombie guard, spec 01 §8.8). */
  readonly onAnnounced?: (worker: Worker) => void
  /** Called for a worker whose name is taken. */
  readonly onRefused?: (refusal: Refusal) => void
  /** Where the lines of workers go. */
  readonly workerLog: Pick<WorkerLog, 'write'>
  /**
   * Runs a session's trigger registration hook (spec 04 B.6); rejects when it refuses. The prefix is applied afterwards.
   * Without it a session that has such a hook is refused.
   */
  readonly askTriggerHook?: (worker: Worker, proposal: TriggerProposal) => Promise<TriggerProposal>
}
