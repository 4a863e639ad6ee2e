// The engine is stopped and started again: workers are told to come back, and do (spec 01 §3.5, check 41).
import { expect, it, onTestFinished } from 'vitest'
import { engineFolder } from '../../support/engine-process.ts'
import { within } from '../../support/deadline.ts'
import * as sdk22 from 'iii-sdk'
import * as sdk11 from 'iii-sdk-0-11'
import { RawWorker } from './raw-worker.ts'

const SOCKETS = 50
const SERVICE_RESTART = 1012
const QUIET = {
  otel: { enabled: false },
  enableMetricsReporting: false,
  reconnectionConfig: { initialDelayMs: 50, maxDelayMs: 200 },
}

it('SIGTERM closes every worker socket with 1012, also busy ones, and the SDKs come back', async () => {
  const folder = await engineFolder()
  onTestFinished(() => folder.remove())
  const first = await folder.start()
  const raw = await Promise.all(Array.from({ length: SOCKETS }, (_, n) => RawWorker.connect(folder.url, `raw-${n}`)))
  await Promise.all(raw.map((worker, n) => worker.register(`raw::never-${n}`)))
  // Each of them owes an answer and waits for one.
  const owed = raw.map((worker, n) => worker.call(`raw::never-${(n + 1) % SOCKETS}`, {}))
  const clients = [sdk22, sdk11].map((sdk, n) => {
    const client = sdk.registerWorker(folder.url, { ...QUIET, workerName: `sdk-${n}` })
    client.registerFunction(`sdk::back-${n}`, async () => n)
    return client
  })
  onTestFinished(async () => void (await Promise.all(clients.map((client) => client.shutdown()))))
  const observer = raw[0]!
  for (const n of clients.keys())
    await expect.poll(async () => (await observer.call(`sdk::back-${n}`, {})).result).toBe(n)

  const closed = within(10_000, 'the end of every connection', Promise.all(raw.map((worker) => worker.closed)))
  expect(await first.stop()).toBe(0)
  expect(new Set(await closed)).toEqual(new Set([SERVICE_RESTART]))
  expect((await Promise.all(owed)).every(({ error }) => error !== undefined)).toBe(true)

  await folder.start()
  const caller = await RawWorker.connect(folder.url, 'caller')
  onTestFinished(() => caller.drop())
  for (const n of clients.keys())
    await expect.poll(async () => (await caller.call(`sdk::back-${n}`, {})).result, { timeout: 15_000 }).toBe(n)
}, 60_000)
