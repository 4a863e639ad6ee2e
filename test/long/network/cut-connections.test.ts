// 300 connections of unmodified iii-sdk workers cut by a proxy whose engine side ends about a second later (spec 01 §12.3, §12.4):
// every reconnect meets its own old connection.
import { setTimeout as pause } from 'node:timers/promises'
import { registerWorker } from 'iii-sdk'
import { expect, it, onTestFinished } from 'vitest'
import { CuttingProxy } from './cutting-proxy.ts'
import { engineUnderTest, report } from './engine-under-test.ts'
import type { RawWorker } from './raw-worker.ts'

const engine = engineUnderTest()
const WORKERS = 20
const CUTS = 15
/** Reconnects come before, around and after the end of the engine's side. */
const RECONNECT_MS = [20, 100, 400, 900, 1000] as const
/** Settled = back, and no end of an old connection is still to come. */
const ROUND_MS = 10_000

interface Subject {
  readonly proxy: CuttingProxy
  readonly calls: number[]
  readonly fired: unknown[]
  /** Bindings of its trigger type that it was given and not relieved of. */
  readonly bound: Map<string, string>
  shutdown(): Promise<void>
}

async function startSubject(index: number): Promise<Subject> {
  const proxy = await CuttingProxy.to(engine.folder.port)
  const initialDelayMs = RECONNECT_MS[index % RECONNECT_MS.length] ?? 0
  const iii = registerWorker(proxy.url, {
    workerName: `cut-${index}`,
    otel: { enabled: false },
    enableMetricsReporting: false,
    reconnectionConfig: { initialDelayMs, maxDelayMs: 1200, jitterFactor: 0.1 },
  })
  const calls: number[] = []
  const fired: unknown[] = []
  const bound = new Map<string, string>()
  iii.registerTriggerType(
    { id: `type-${index}`, description: 'Fired by the test' },
    {
      registerTrigger: async ({ id, function_id }) => void bound.set(id, function_id),
      unregisterTrigger: async ({ id }) => void bound.delete(id),
    },
  )
  iii.registerFunction(`cut::call-${index}`, async ({ n }: { n: number }) => {
    calls.push(n)
    return { index, n }
  })
  iii.registerFunction(`cut::on-${index}`, async (event) => void fired.push(event))
  iii.registerFunction('cut::shared', async () => index)
  iii.registerTrigger({ type: `type-${(index + 1) % WORKERS}`, function_id: `cut::on-${index}`, config: { index } })
  return {
    proxy,
    calls,
    fired,
    bound,
    async shutdown() {
      await iii.shutdown()
      await proxy.close()
    },
  }
}

/** What the engine knows of the workers: each name, function and binding as often as it is listed. */
async function known(observer: RawWorker): Promise<{ workers: string[]; functions: string[]; bindings: string[] }> {
  const [workers, functions, bindings] = (await Promise.all([
    observer.result('engine::workers::list', {}),
    observer.result('engine::functions::list', { prefix: 'cut::' }),
    observer.result('engine::registered-triggers::list', {}),
  ])) as [
    { workers: { name: string }[] },
    { functions: { function_id: string }[] },
    { registered_triggers: { trigger_type: string; function_id: string }[] },
  ]
  return {
    workers: workers.workers
      .map(({ name }) => name)
      .filter((name) => name.startsWith('cut-'))
      .toSorted(),
    functions: functions.functions.map((row) => row.function_id).toSorted(),
    bindings: bindings.registered_triggers
      .map((row) => `${row.trigger_type} ${row.function_id}`)
      .filter((row) => row.startsWith('type-'))
      .toSorted(),
  }
}

const indexes = Array.from({ length: WORKERS }, (_, index) => index)
const EXPECTED = {
  workers: indexes.map((index) => `cut-${index}`).toSorted(),
  functions: [...indexes.flatMap((index) => [`cut::call-${index}`, `cut::on-${index}`]), 'cut::shared'].toSorted(),
  bindings: indexes.map((index) => `type-${(index + 1) % WORKERS} cut::on-${index}`).toSorted(),
}

it('300 cut connections lose and double no function, trigger type or binding', async () => {
  const observer = await engine.connect('observer')
  const subjects = await Promise.all(indexes.map(startSubject))
  onTestFinished(async () => void (await Promise.all(subjects.map((subject) => subject.shutdown()))))
  await expect.poll(() => known(observer), { timeout: ROUND_MS }).toEqual(EXPECTED)

  let cuts = 0
  for (let round = 0; round < CUTS; round++) {
    const endings = subjects.map(async ({ proxy }, index) => {
      await pause((index * 37) % 200)
      const engineMs = 900 + ((index * 53 + round * 31) % 151)
      cuts += proxy.cut(engineMs)
      await pause(engineMs)
    })
    await Promise.all(endings)
    await expect.poll(() => known(observer), { timeout: ROUND_MS }).toEqual(EXPECTED)
    await expect
      .poll(() => subjects.map(({ bound }) => [...bound.values()]), { timeout: ROUND_MS })
      .toEqual(indexes.map((index) => [`cut::on-${(index + WORKERS - 1) % WORKERS}`]))
    // Each is called once, by the one worker that provides it, and each binding fires once.
    const answers = await Promise.all(indexes.map((index) => observer.result(`cut::call-${index}`, { n: round })))
    expect(answers).toEqual(indexes.map((index) => ({ index, n: round })))
    const targets = subjects.flatMap(({ bound }) => [...bound.values()])
    await Promise.all(targets.map((target) => observer.result(target, { round })))
  }
  for (const { calls, fired } of subjects) {
    expect(calls).toEqual(Array.from({ length: CUTS }, (_, round) => round))
    expect(fired).toHaveLength(CUTS)
  }
  const { providers } = await sharedProviders(observer)
  expect(providers).toEqual(indexes)
  report(`${cuts} connections cut`)
  expect(cuts).toBe(WORKERS * CUTS)
}, 60_000)

/** Calls the function that all provide, one call after another: the round-robin meets each provider once per turn. */
async function sharedProviders(observer: RawWorker): Promise<{ providers: number[] }> {
  const providers: number[] = []
  for (let n = 0; n < WORKERS; n++) providers.push((await observer.result('cut::shared', {})) as number)
  return { providers: providers.toSorted((left, right) => left - right) }
}
