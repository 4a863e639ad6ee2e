// A router without gateway, plugins and trigger types, for tests of dispatch and settlement.
import { ALL_NAMES } from '../../support/worker-names.ts'
import { ENGINE_DEFAULTS, type EngineOptions } from '../../../core/model/options.ts'
import { createLog } from '../../../core/log.ts'
import type { TriggerRegistry } from '../../../core/registry/triggers.ts'
import type { Worker } from '../../../core/model/worker.ts'
import type { Action } from '../../../core/model/action.ts'
import { Registrations } from '../../../core/router/registrations.ts'
import { Router } from '../../../core/router/router.ts'
import { SeatHttpInvoker } from '../../../core/seats/http-invoker.ts'
import { Seats } from '../../../core/seats/seats.ts'
import type { PluginSlot } from '../../../core/model/plugin-slot.ts'
import { makeCall, makeWorker, type Answered, type TestWorker } from './calls.ts'

export interface TestRouter {
  readonly router: Router
  readonly lines: string[]
  /** Registers a function, as a worker's frame would. */
  provide(worker: Worker, id: string, metadata?: unknown): void
  /** Makes a call; the answer is found in the caller's link under the returned id. */
  call(caller: TestWorker, id: string, data?: unknown, action?: Action): string
  answerTo(caller: TestWorker, invocationId: string): Answered | undefined
  /** Answers the oldest delivery that a worker has not answered. */
  reply(callee: TestWorker, result: unknown): void
  join(options?: Parameters<typeof makeWorker>[0]): TestWorker
  /** A plugin whose first generation serves these ids. */
  plugin(
    name: string,
    ids: readonly string[],
    options?: Partial<PluginSlot['options']>,
  ): { slot: PluginSlot; generation: TestWorker }
  generation(slot: PluginSlot): TestWorker
}

export function makeRouter(options: Partial<EngineOptions> = {}): TestRouter {
  const lines: string[] = []
  const log = createLog({ level: 'debug', pretty: false, write: (line) => lines.push(line) })
  const router = new Router(
    { ...ENGINE_DEFAULTS, ...options },
    log,
    {
      onFunctionsChanged() {},
      onProvidersChanged() {},
      onWorkerAdded() {},
      onWorkerEnded() {},
    },
    ALL_NAMES,
  )
  const triggers = {
    handle() {},
    dropWorker() {},
    checkBindingCall: () => undefined,
    ownerOf: () => undefined,
    inOneStep: (work: () => void) => work(),
  }
  const engine = makeWorker({ policy: { kind: 'engine' } })
  router.connect({
    engineWorker: engine.worker,
    triggers: triggers as unknown as TriggerRegistry,
    httpInvoker: new SeatHttpInvoker(new Seats(router).httpInvoker),
  })
  const registrations = new Registrations(router)

  const test: TestRouter = {
    router,
    lines,
    provide: (worker, id, metadata) =>
      void registrations.handle(worker, {
        type: 'registerfunction',
        id,
        ...(metadata === undefined ? {} : { metadata }),
      }),
    call(caller, id, data = {}, action) {
      const call = makeCall(caller.worker, id, data, action?.type !== 'void')
      router.call(call, action)
      return String(call.invocationId)
    },
    answerTo: (caller, invocationId) => caller.link.answers.find((answer) => answer.invocationId === invocationId),
    reply(callee, result) {
      const callId = callee.worker.calls.keys().next().value
      if (callId === undefined) throw new Error('nothing to answer')
      router.settle(callee.worker, callId, Buffer.from(JSON.stringify(result)), undefined)
    },
    join(workerOptions) {
      const joined = makeWorker(workerOptions)
      router.addWorker(joined.worker)
      return joined
    },
    plugin(name, ids, slotOptions) {
      const slot = router.openSlot(name, {
        builtIn: false,
        maxInFlight: 10_000,
        maxInFlightBytes: 64 << 20,
        ...slotOptions,
      })
      const handOver = router.beginHandOver([slot])
      const generation = test.generation(slot)
      handOver.stage(generation.worker)
      for (const id of ids) test.provide(generation.worker, id)
      handOver.commit()
      return { slot, generation }
    },
    generation(slot) {
      const generation = makeWorker({ slot })
      router.addWorker(generation.worker)
      return generation
    },
  }
  return test
}
