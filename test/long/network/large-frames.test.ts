// Frames at and above the limit of 64 MiB (spec 01 §2, 09 §5).
import { expect, it } from 'vitest'
import { within } from '../../support/deadline.ts'
import { engineUnderTest } from './engine-under-test.ts'

const engine = engineUnderTest()
const LIMIT = 64 * 1024 * 1024
const TOO_BIG = 1009
/** The frame, its copy in the socket's buffers and the frame that goes on. */
const GROWTH_MIB = 450

function frameOf(bytes: number, invocationId: string): Buffer {
  const head = `{"type":"invokefunction","invocation_id":"${invocationId}","function_id":"large::length","data":"`
  return Buffer.concat([Buffer.from(head), Buffer.alloc(bytes - head.length - 2, 'x'), Buffer.from('"}')])
}

it('a frame of 64 MiB arrives whole, and others go on', async () => {
  const others = await engine.bystanders()
  const provider = await engine.connect('provider')
  await provider.register('large::length', (text: string) => text.length)
  const caller = await engine.connect('caller')
  const frame = frameOf(LIMIT, 'large')
  const growth = await engine.growthDuring('a frame of 64 MiB', async () => {
    const answer = caller.answerTo('large', 30_000)
    caller.socket.send(frame, { binary: false })
    const head = frame.indexOf('"data":"') + '"data":"'.length
    expect((await answer).result).toBe(LIMIT - head - '"}'.length)
  })
  expect(growth).toBeLessThan(GROWTH_MIB)
  expect((await others.stop()).calls).toBeGreaterThan(0)
}, 60_000)

it('a frame above the limit ends its connection with 1009, and no other', async () => {
  const others = await engine.bystanders()
  const provider = await engine.connect('provider')
  await provider.register('large::length', (text: string) => text.length)
  const caller = await engine.connect('caller')
  const growth = await engine.growthDuring('a frame above the limit', async () => {
    caller.socket.send(frameOf(LIMIT + 1, 'too-large'), { binary: false })
    expect(await within(30_000, 'the end of the connection', caller.closed)).toBe(TOO_BIG)
  })
  expect(growth).toBeLessThan(GROWTH_MIB)
  expect(provider.deliveries).toBe(0)
  const next = await engine.connect('next')
  expect(await next.result('large::length', 'abc')).toBe(3)
  expect((await others.stop()).calls).toBeGreaterThan(0)
}, 60_000)
