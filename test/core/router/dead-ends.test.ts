// What comes of a drain that waits for a call to a plugin of the same change, when that plugin has ended and only the end of the drain
// would bring it back.
import { expect, it } from 'vitest'
import type { HandOver } from '../../../core/router/hand-over.ts'
import type { PluginSlot } from '../../../core/model/plugin-slot.ts'
import type { TestWorker } from './calls.ts'
import { makeRouter, type TestRouter } from './test-router.ts'

/** More than a test takes. */
const NEVER = 600_000

/** Plugin `a`, which is working on a call, and `b`, which it calls. */
function scene() {
  const test = makeRouter()
  const [a, b] = [test.plugin('a', ['a']), test.plugin('b', ['b'])]
  const caller = test.join()
  return { test, a, b, caller, outer: test.call(caller, 'a', 'outer') }
}

function crash(test: TestRouter, { worker, link }: TestWorker): void {
  link.open = false
  test.router.endWorker(worker, { abnormal: true, why: 'it crashed' })
}

/** A further generation of one plugin. */
function startAgain(test: TestRouter, slot: PluginSlot, id: string): TestWorker {
  const handOver = test.router.beginHandOver([slot])
  const next = test.generation(slot)
  handOver.stage(next.worker)
  test.provide(next.worker, id)
  handOver.commit()
  return next
}

/** Whether it ended, `false` when it goes on. */
async function endOf(drained: Promise<boolean>): Promise<'idle' | 'given up' | 'goes on'> {
  const idle = await Promise.race([drained, new Promise<undefined>((resolve) => setImmediate(resolve, undefined))])
  return idle === undefined ? 'goes on' : idle ? 'idle' : 'given up'
}

const dataOf = ({ link }: TestWorker): unknown[] => link.delivered.map(({ data }) => data)

it('is given up at once, and the calls are answered in order when the plugin has been started again', async () => {
  const { test, a, b, caller, outer } = scene()
  const handOver = test.router.beginHandOver([a.slot, b.slot])
  const drained = handOver.drain(NEVER)
  const cut = test.call(a.generation, 'b', 'cut')
  test.call(caller, 'b', 'first')
  crash(test, b.generation)
  expect(test.answerTo(a.generation, cut)?.error?.code).toBe('invocation_stopped')
  expect(await endOf(drained)).toBe('goes on')
  const inner = test.call(a.generation, 'b', 'second')
  test.call(caller, 'b', 'third')
  expect(await endOf(drained)).toBe('given up')
  expect(handOver.deadEnd).toBe('b')
  handOver.reopen()
  expect(a.slot.phase).toBe('open')
  const next = startAgain(test, b.slot, 'b')
  expect(dataOf(next)).toEqual(['first', 'second', 'third'])
  for (let n = 0; n < 3; n++) test.reply(next, n)
  expect(test.answerTo(a.generation, inner)?.result).toBe(1)
  test.reply(a.generation, 'done')
  expect(test.answerTo(caller, outer)?.result).toBe('done')
  const again = test.router.beginHandOver([a.slot, b.slot])
  expect(await endOf(again.drain(NEVER))).toBe('idle')
  again.reopen()
})

it('is given up although the plugin ended, and the call came, before the change began', async () => {
  const { test, a, b } = scene()
  crash(test, b.generation)
  test.call(a.generation, 'b')
  const handOver = test.router.beginHandOver([a.slot, b.slot])
  expect(await endOf(handOver.drain(NEVER))).toBe('given up')
  handOver.reopen()
})

it('is given up when a worker that waits there comes to owe an answer', async () => {
  const { test, a, b } = scene()
  const worker = test.join()
  test.provide(worker.worker, 'w')
  const handOver = test.router.beginHandOver([a.slot, b.slot])
  const drained = handOver.drain(NEVER)
  crash(test, b.generation)
  test.call(worker, 'b')
  expect(await endOf(drained)).toBe('goes on')
  test.call(a.generation, 'w')
  expect(await endOf(drained)).toBe('given up')
  handOver.reopen()
})

it.each<[string, (test: TestRouter, calls: { a: TestWorker; other: TestWorker }) => void]>([
  ['a void call', (test, { a }) => test.call(a, 'b', {}, { type: 'void' })],
  ['a call of somebody else', (test, { other }) => test.call(other, 'b')],
])('goes on when %s waits there, and that call is answered by the new code', async (_what, call) => {
  const { test, a, b } = scene()
  const handOver = test.router.beginHandOver([a.slot, b.slot])
  const drained = handOver.drain(NEVER)
  crash(test, b.generation)
  call(test, { a: a.generation, other: test.join() })
  expect(await endOf(drained)).toBe('goes on')
  test.reply(a.generation, 'done')
  expect(await endOf(drained)).toBe('idle')
  expect(dataOf(commit(test, handOver, { a: a.slot, b: b.slot }).b)).toHaveLength(1)
})

it('goes on when a plugin calls from itself that has answered all its calls', async () => {
  const { test, a, b } = scene()
  const c = test.plugin('c', ['c'])
  test.call(test.join(), 'c')
  test.reply(a.generation, 'done')
  const slots = { a: a.slot, b: b.slot, c: c.slot }
  const handOver = test.router.beginHandOver(Object.values(slots))
  const drained = handOver.drain(NEVER)
  crash(test, b.generation)
  test.call(a.generation, 'b', 'of its own')
  expect(await endOf(drained)).toBe('goes on')
  test.reply(c.generation, 'done')
  expect(await endOf(drained)).toBe('idle')
  expect(dataOf(commit(test, handOver, slots).b)).toEqual(['of its own'])
})

it('goes on while another replica of the plugin serves', async () => {
  const { test, a, b } = scene()
  const handOver = test.router.beginHandOver([b.slot])
  const replicas = [test.generation(b.slot), test.generation(b.slot)] as const
  for (const { worker } of replicas) {
    handOver.stage(worker)
    test.provide(worker, 'b')
  }
  handOver.commit()
  const both = test.router.beginHandOver([a.slot, b.slot])
  const drained = both.drain(NEVER)
  crash(test, replicas[0])
  test.call(a.generation, 'b', 'inner')
  expect(dataOf(replicas[1])).toEqual(['inner'])
  test.reply(replicas[1], 'inner')
  test.reply(a.generation, 'done')
  expect(await endOf(drained)).toBe('idle')
  both.reopen()
})

it('goes on when the plugin that the drain waits for is itself the one that is about to end', async () => {
  const { test, a } = scene()
  const worker = test.join()
  test.provide(worker.worker, 'w')
  test.call(a.generation, 'w')
  const handOver = test.router.beginHandOver([a.slot])
  const drained = handOver.drain(NEVER)
  a.generation.link.open = false
  test.call(worker, 'a', 'too late for the old code')
  expect(await endOf(drained)).toBe('goes on')
  crash(test, a.generation)
  expect(await endOf(drained)).toBe('idle')
  expect(dataOf(commit(test, handOver, { a: a.slot }).a)).toEqual(['too late for the old code'])
})

it('goes on where the change is forced: the call fails, and what the drain waits for ends by itself', async () => {
  const { test, a, b, caller, outer } = scene()
  const handOver = test.router.beginHandOver([a.slot, b.slot])
  const drained = handOver.drain(NEVER, 'answered', true)
  crash(test, b.generation)
  const waiting = test.call(caller, 'b', 'waits')
  const inner = test.call(a.generation, 'b')
  expect(test.answerTo(a.generation, inner)?.error).toMatchObject({
    code: 'plugin_unavailable',
    message: expect.stringContaining("Plugin 'b' has ended"),
  })
  expect(await endOf(drained)).toBe('goes on')
  test.reply(a.generation, 'without it')
  expect(test.answerTo(caller, outer)?.result).toBe('without it')
  expect(await endOf(drained)).toBe('idle')
  const next = commit(test, handOver, { a: a.slot, b: b.slot })
  test.reply(next.b, 'new')
  expect(test.answerTo(caller, waiting)?.result).toBe('new')
})

it('goes on where the plugin had failed before: who the drain waits for is told so, as ever', async () => {
  const { test, a, b, caller } = scene()
  crash(test, b.generation)
  test.router.refuseCalls(b.slot, 'it crashed too often')
  const handOver = test.router.beginHandOver([a.slot, b.slot])
  const drained = handOver.drain(NEVER)
  const waiting = test.call(caller, 'b', 'waits for what comes')
  const inner = test.call(a.generation, 'b')
  expect(test.answerTo(a.generation, inner)?.error).toMatchObject({
    code: 'plugin_unavailable',
    message: expect.stringContaining('it crashed too often'),
  })
  test.reply(a.generation, 'without it')
  expect(await endOf(drained)).toBe('idle')
  const next = commit(test, handOver, { a: a.slot, b: b.slot })
  test.reply(next.b, 'new')
  expect(test.answerTo(caller, waiting)?.result).toBe('new')
})

/** New generations take over, each of which has the function of its plugin's name. */
function commit<Name extends string>(test: TestRouter, handOver: HandOver, slots: Record<Name, PluginSlot>) {
  const next = Object.entries<PluginSlot>(slots).map(([name, slot]): [string, TestWorker] => {
    const generation = test.generation(slot)
    handOver.stage(generation.worker)
    test.provide(generation.worker, name)
    return [name, generation]
  })
  handOver.commit()
  return Object.fromEntries(next) as Record<Name, TestWorker>
}
