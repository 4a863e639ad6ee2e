// Peers that never read: what is written to them stays bounded, and nobody else waits for them (design, "Nobody waits in a circle").
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { engineUnderTest, report } from './engine-under-test.ts'
import type { RawWorker } from './raw-worker.ts'

const engine = engineUnderTest()
const SOFT_MIB = 16
const HARD_MIB = 64
/** Buffers of the sockets, frames on their way and the garbage of passing them on. */
const SLACK_MIB = 80
const PAYLOAD = 'x'.repeat(64 * 1024)
const FLOOD_CALLS = 2_000
/** A sender of which nothing was taken for so long is held. */
const UNCHANGED_MS = 500
/** Others may wait for a peer that never reads for a while, but not until clients give up (30 s). */
const ANSWER_MS = 25_000

/** A worker that stops reading, for good, once its function can be called. */
async function deafWorker(): Promise<RawWorker> {
  const deaf = await engine.connect('deaf')
  await deaf.register('deaf::f')
  deaf.socket.pause()
  return deaf
}

/** Sends calls without awaiting any; the kernel's buffers and the engine take what they take. */
function flood(caller: RawWorker, functionId: string, calls: number, invocationIds: boolean): void {
  for (let n = 0; n < calls; n++) {
    const id = invocationIds ? { invocation_id: `flood-${n}` } : {}
    caller.send({ type: 'invokefunction', ...id, function_id: functionId, data: { n, text: PAYLOAD } })
  }
}

/** Resolves when the engine no longer takes what `caller` sends, or has taken everything. */
async function heldOrDone(caller: RawWorker): Promise<void> {
  let left = -1
  while (caller.socket.bufferedAmount > 0 && caller.socket.bufferedAmount !== left) {
    left = caller.socket.bufferedAmount
    await pause(UNCHANGED_MS)
  }
}

it('a flood of calls to a worker that never reads is held back at its source, and others go on', async () => {
  const others = await engine.bystanders()
  await deafWorker()
  const flooder = await engine.connect('flooder')
  const growth = await engine.growthDuring(
    `${(FLOOD_CALLS * PAYLOAD.length) >> 20} MiB for a worker that never reads`,
    async () => {
      flood(flooder, 'deaf::f', FLOOD_CALLS, false)
      await heldOrDone(flooder)
    },
  )
  expect(growth).toBeLessThan(SOFT_MIB + SLACK_MIB)
  const { calls, worstMs } = await others.stop()
  report(`${calls} calls of bystanders, the slowest ${worstMs} ms`)
  expect(calls).toBeGreaterThan(20)
}, 60_000)

it('a worker that called a worker which never reads still answers others', async () => {
  await deafWorker()
  const flooder = await engine.connect('flooder')
  flood(flooder, 'deaf::f', FLOOD_CALLS, false)
  await heldOrDone(flooder)
  const middle = await engine.connect('middle')
  await middle.register('middle::f', ({ n }) => n)
  middle.send({ type: 'invokefunction', function_id: 'deaf::f', data: { text: PAYLOAD } })
  const caller = await engine.connect('caller')
  for (let n = 0; n < 100; n++) expect(await caller.result('middle::f', { n }, ANSWER_MS)).toBe(n)
}, 60_000)

it('a caller that never reads its answers does not keep their provider from answering others', async () => {
  const provider = await engine.connect('provider')
  await provider.register('large::f', ({ n }) => ({ n, text: PAYLOAD }))
  const deaf = await engine.connect('deaf')
  const caller = await engine.connect('caller')
  deaf.socket.pause()
  const growth = await engine.growthDuring('answers for a caller that never reads', async () => {
    for (let n = 0; n < 3 * FLOOD_CALLS; n++) {
      deaf.send({ type: 'invokefunction', invocation_id: `flood-${n}`, function_id: 'large::f', data: { n } })
    }
    const began = performance.now()
    for (let n = 0; n < 100; n++) expect(await caller.result('large::f', { n }, ANSWER_MS)).toMatchObject({ n })
    report(`100 calls of another caller took ${Math.round(performance.now() - began)} ms`)
  })
  expect(growth).toBeLessThan(2 * HARD_MIB + 2 * SLACK_MIB)
  const names = async (): Promise<string[]> => {
    const { workers } = (await caller.result('engine::workers::list', {})) as { workers: { name: string }[] }
    return workers.map(({ name }) => name)
  }
  await expect.poll(names, { timeout: 10_000 }).not.toContain('deaf')
}, 60_000)
