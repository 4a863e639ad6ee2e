// Workers that send faster than anybody can answer: memory stays bounded, every call is answered, others go on.
import { expect, it } from 'vitest'
import { engineUnderTest, report } from './engine-under-test.ts'

const engine = engineUnderTest()
const CALLS = 100_000
const GROWTH_MIB = 250
const TEXT = 'y'.repeat(1_000)

it('a caller that floods gets every answer', async () => {
  const others = await engine.bystanders()
  const provider = await engine.connect('provider')
  await provider.register('flood::echo', ({ n }) => n)
  const caller = await engine.connect('caller')
  let right = 0
  const done = Promise.withResolvers<void>()
  caller.socket.on('message', (data: Buffer) => {
    const { invocation_id: id, result } = JSON.parse(data.toString()) as { invocation_id: string; result?: number }
    if (id === `n-${result}`) right++
    if (right === CALLS) done.resolve()
  })
  const growth = await engine.growthDuring(`${CALLS} calls at once`, async () => {
    for (let n = 0; n < CALLS; n++) {
      caller.send(
        `{"type":"invokefunction","invocation_id":"n-${n}","function_id":"flood::echo","data":{"n":${n},"text":"${TEXT}"}}`,
      )
    }
    await done.promise
  })
  expect(growth).toBeLessThan(GROWTH_MIB)
  const { calls, worstMs } = await others.stop()
  report(`${calls} calls of bystanders, the slowest ${worstMs} ms`)
}, 60_000)

it('a worker that floods a function which calls it back gets every answer', async () => {
  const others = await engine.bystanders()
  const origin = await engine.connect('origin')
  const middle = await engine.connect('middle')
  await origin.register('origin::back', ({ n, text }) => ({ n, text }))
  await middle.register('middle::through', async ({ n, text }) => middle.result('origin::back', { n, text }, 50_000))
  const count = CALLS / 5
  const growth = await engine.growthDuring(`${count} calls that are called back`, async () => {
    const answers = await Promise.all(
      Array.from({ length: count }, (_, n) => origin.result('middle::through', { n, text: TEXT }, 50_000)),
    )
    expect(answers.every((answer, n) => (answer as { n: number }).n === n)).toBe(true)
  })
  expect(growth).toBeLessThan(GROWTH_MIB)
  const { calls, worstMs } = await others.stop()
  report(`${calls} calls of bystanders, the slowest ${worstMs} ms`)
}, 60_000)

it('the same with payloads that fill the sockets in both directions', async () => {
  const others = await engine.bystanders()
  const origin = await engine.connect('origin')
  const middle = await engine.connect('middle')
  const large = 'z'.repeat(256 * 1024)
  await origin.register('origin::large', ({ n, text }) => ({ n, text }))
  await middle.register('middle::large', async ({ n, text }) => middle.result('origin::large', { n, text }, 50_000))
  const growth = await engine.growthDuring('600 calls of 256 KiB that are called back', async () => {
    const answers = await Promise.all(
      Array.from({ length: 600 }, (_, n) => origin.result('middle::large', { n, text: large }, 50_000)),
    )
    expect(
      answers.every(
        (answer, n) =>
          (answer as { n: number; text: string }).n === n && (answer as { text: string }).text.length === large.length,
      ),
    ).toBe(true)
  })
  expect(growth).toBeLessThan(2 * GROWTH_MIB)
  const { calls, worstMs } = await others.stop()
  report(`${calls} calls of bystanders, the slowest ${worstMs} ms`)
}, 60_000)
