// A router without gateway, plugins and trigger types, for tests of dispatch and settlement.
import { errorBytes } from '../../../protocol/error-bytes.ts'
import type { ErrorBody } from '../../../protocol/errors.ts'
import type { EngineOptions } from '../../../core/model/options.ts'
import { createLog } from '../../../core/log.ts'
import type { Worker } from '../../../core/model/worker.ts'
import type { Action } from '../../../core/model/action.ts'
import type { Telemetry } from '../../../core/telemetry/telemetry.ts'
import type { Router } from '../../../core/router/router.ts'
import type { PluginSlot } from '../../../core/model/plugin-slot.ts'
import { composeRouter } from '../../support/compose-router.ts'
import { makeCall, makeWorker, type Answered, type TestWorker } from './calls.ts'

export interface TestRouter {
  readonly router: Router
  readonly telemetry: Telemetry
  readonly lines: string[]
  /** Registers a function, as a worker's frame would. */
  provide(worker: Worker, id: string, metadata?: unknown): void
  /** Makes a call; the answer is found in the caller's link under the returned id. */
  call(caller: TestWorker, id: string, data?: unknown, action?: Action): string
  answerTo(caller: TestWorker, invocationId: string): Answered | undefined
  /** Answers the oldest delivery that a worker has not answered. */
  reply(callee: TestWorker, result: unknown, error?: ErrorBody): void
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
  const { router, registrations, telemetry } = composeRouter({ log, engine: options })

  const test: TestRouter = {
    router,
    telemetry,
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
    reply(callee, result, error) {
      const callId = callee.link.unanswered.shift()
      if (callId === undefined) throw new Error('nothing to answer')
      if (error !== undefined) router.settle(callee.worker, callId, undefined, errorBytes(error))
      else router.settle(callee.worker, callId, Buffer.from(JSON.stringify(result)), undefined)
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
