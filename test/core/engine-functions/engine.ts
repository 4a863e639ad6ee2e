// A scene with the engine's functions and discovery events registered, and a way to call them as some worker.
import { Discovery } from '../../../core/discovery/discovery.ts'
import { registerEngineFunctions, type EngineFunctionDeps } from '../../../core/engine-functions/register.ts'
import type { Policy, SessionRights } from '../../../core/model/policy.ts'
import type { Worker } from '../../../core/model/worker.ts'
import { WorkerLog } from '../../../core/telemetry/worker-log.ts'
import type { ErrorBody } from '../../../protocol/errors.ts'
import { makeCall, type TestWorker } from '../router/calls.ts'
import { ALL_NAMES } from '../../support/worker-names.ts'
import { makeScene, type Scene, type SceneOptions } from '../registry/scene.ts'

export interface EngineScene extends Scene {
  readonly discovery: Discovery
  /** Resolves with the parsed result, undefined for none; rejects with the error body. */
  call(caller: TestWorker, functionId: string, data?: unknown): Promise<unknown>
  announce(worker: TestWorker, about: Record<string, unknown>): Promise<unknown>
}

export function makeEngine(options: SceneOptions & { deps?: Partial<EngineFunctionDeps> } = {}): EngineScene {
  const made: { discovery?: Discovery } = {}
  const scene = makeScene({
    ...options,
    events: {
      onFunctionsChanged: () => made.discovery?.functionsChanged(),
      onProvidersChanged: (entry) => made.discovery?.providersChanged(entry),
      onWorkerAdded: (worker) => made.discovery?.workerConnected(worker),
      onWorkerEnded: (worker) => made.discovery?.workerDisconnected(worker),
    },
  })
  const { router, log } = scene
  const discovery = new Discovery({ registries: router, caller: router, engineWorker: router.engineWorker, log })
  made.discovery = discovery
  registerEngineFunctions({
    registries: router,
    table: router,
    duplicateWorkers: router.options.duplicate_workers,
    unresponsiveMs: () => router.options.unresponsive_ms,
    log,
    discovery,
    healthComponents: () => ({}),
    workerLog: new WorkerLog(log),
    ...options.deps,
  })
  const call: EngineScene['call'] = ({ worker }, functionId, data = {}) =>
    new Promise((resolve, reject) => {
      const onSettled = (result: Buffer | undefined, error: Buffer | undefined): void => {
        if (error !== undefined) reject(JSON.parse(error.toString()) as ErrorBody)
        else resolve(result === undefined ? undefined : JSON.parse(result.toString()))
      }
      router.call({ ...makeCall(worker, functionId, data), onSettled }, undefined)
    })
  return {
    ...scene,
    discovery,
    call,
    announce: (worker, about) =>
      call(worker, 'engine::workers::register', { runtime: 'node', version: '0.22.1', ...about }),
  }
}

/** Registers functions of a worker; a value is the description. */
export function offer(scene: Scene, worker: Worker, functions: Record<string, string>): void {
  for (const [id, description] of Object.entries(functions))
    scene.router.functions.register(worker, id, { rawId: id, description })
}

export function sessionPolicy(more: Partial<SessionRights> = {}): Policy {
  const rights: SessionRights = {
    allowedFunctions: [],
    forbiddenFunctions: [],
    allowedTriggerTypes: undefined,
    allowFunctionRegistration: true,
    allowTriggerTypeRegistration: false,
    context: {},
    prefix: undefined,
    namespaces: {},
    expose: [{ match: 'engine::*' }],
    expiresInMs: undefined,
    onFunctionRegistration: undefined,
    onTriggerRegistration: undefined,
    onTriggerTypeRegistration: undefined,
    ...more,
  }
  return { kind: 'session', rights, middleware: undefined, exact: ALL_NAMES.exactGrants }
}

/** Member `name` of each row. */
export function column(answer: unknown, list: string, name: string): unknown[] {
  return (answer as Record<string, Record<string, unknown>[]>)[list]?.map((row) => row[name]) ?? []
}
