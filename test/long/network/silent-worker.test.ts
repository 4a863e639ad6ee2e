// A worker that reads but never answers: the engine keeps at most `max_unanswered` calls for it (spec 09 §5).
import { expect, it } from 'vitest'
import { engineUnderTest, report } from './engine-under-test.ts'

const engine = engineUnderTest()
const CALLS = 200_000
const BOUND = 100_000
/** 100,000 recorded calls, and what is on the way in the sockets. */
const GROWTH_MIB = 250

it('of 200,000 calls that are never answered the oldest 100,000 end with timeout, and others go on', async () => {
  const others = await engine.bystanders()
  const silent = await engine.connect('silent')
  await silent.register('silent::f')
  const caller = await engine.connect('caller')
  const codes = new Map<string, number>()
  const timedOut: number[] = []
  const enough = Promise.withResolvers<void>()
  caller.socket.on('message', (data: Buffer) => {
    const { invocation_id: id, error } = JSON.parse(data.toString()) as {
      invocation_id: string
      error?: { code: string }
    }
    if (error === undefined) return
    codes.set(error.code, (codes.get(error.code) ?? 0) + 1)
    timedOut.push(Number(id.slice('n-'.length)))
    if (timedOut.length === CALLS - BOUND) enough.resolve()
  })
  const growth = await engine.growthDuring(`${CALLS} calls without an answer`, async () => {
    for (let n = 0; n < CALLS; n++) {
      caller.send(`{"type":"invokefunction","invocation_id":"n-${n}","function_id":"silent::f","data":{"n":${n}}}`)
      // Leaves the socket time to write, so that the calls are not all buffered here first.
      if (n % 5_000 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await enough.promise
  })
  expect(codes).toEqual(new Map([['timeout', CALLS - BOUND]]))
  expect(timedOut).toEqual(Array.from({ length: CALLS - BOUND }, (_, n) => n))
  expect(growth).toBeLessThan(GROWTH_MIB)
  // The others are still owed: they end with the connection of the worker.
  await silent.close()
  await expect.poll(() => codes.get('invocation_stopped'), { timeout: 20_000 }).toBe(BOUND)
  const { calls, worstMs } = await others.stop()
  report(`${calls} calls of bystanders, the slowest ${worstMs} ms`)
}, 60_000)
