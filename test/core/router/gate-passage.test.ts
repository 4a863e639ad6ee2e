// Who passes the gate of a plugin that is replaced because it waits for them, by ways that are not a plain call of theirs.
import { expect, it, vi } from 'vitest'
import type { PluginSlot } from '../../../core/model/plugin-slot.ts'
import type { TestWorker } from './calls.ts'
import { makeRouter, type TestRouter } from './test-router.ts'
import { ALL_NAMES } from '../../support/worker-names.ts'
import { sessionRights } from '../../support/session-rights.ts'

const NOT_RUN = Buffer.from('{"code":"plugin_unavailable","message":"not run"}')

/** New generations of all these, which have registered nothing yet. */
async function starting(test: TestRouter, slots: readonly PluginSlot[]) {
  const handOver = test.router.beginHandOver(slots)
  await handOver.drain(1000)
  const next = slots.map((slot) => test.generation(slot))
  for (const { worker } of next) handOver.stage(worker)
  return { handOver, next }
}

const dataOf = ({ link }: TestWorker): unknown[] => link.delivered.map(({ data }) => data)

it('a worker that calls through the middleware of its listener, for which the plugin would wait in a circle', async () => {
  const test = makeRouter()
  const { slot, generation } = test.plugin('p', ['f'])
  const [gate, caller] = [test.join(), test.join()]
  const worker = test.join({ policy: { kind: 'trusted', middleware: 'gate::m' } })
  test.provide(gate.worker, 'gate::m')
  test.provide(worker.worker, 'w')
  test.call(caller, 'f', 'outer')
  test.call(generation, 'w')
  const handOver = test.router.beginHandOver([slot])
  const drained = handOver.drain(1000)
  test.call(gate, 'f', 'of somebody else')
  expect(dataOf(generation)).toEqual(['outer'])
  const inner = test.call(worker, 'f', 'inner')
  // In order: it passes now, with all that it has sent before.
  test.call(gate, 'f', 'inner')
  expect(dataOf(generation)).toEqual(['outer', 'of somebody else', 'inner'])
  test.reply(gate, 'through')
  expect(test.answerTo(worker, inner)?.result).toBe('through')
  test.call(gate, 'f', 'later')
  expect(dataOf(generation)).toHaveLength(3)
  test.reply(worker, 'handled')
  for (let n = 0; n < 3; n++) test.reply(generation, n)
  expect(await drained).toBe(true)
  handOver.reopen()
})

it('no middleware that is asked about a void call: nobody waits for that', () => {
  const test = makeRouter()
  const { slot, generation } = test.plugin('p', ['f'])
  const [gate, caller] = [test.join(), test.join()]
  const worker = test.join({ policy: { kind: 'trusted', middleware: 'gate::m' } })
  test.provide(gate.worker, 'gate::m')
  test.provide(worker.worker, 'w')
  test.call(caller, 'f', 'outer')
  test.call(generation, 'w')
  const handOver = test.router.beginHandOver([slot])
  void handOver.drain(1000)
  test.call(worker, 'f', 'void', { type: 'void' })
  expect(gate.link.delivered).toHaveLength(1)
  test.call(gate, 'f', 'meanwhile')
  expect(dataOf(generation)).toEqual(['outer'])
  test.reply(gate, 'through')
  handOver.reopen()
  expect(dataOf(generation)).toEqual(['outer', 'meanwhile'])
})

it('who stores a job of a worker that waits until it is stored', () => {
  const test = makeRouter()
  const { slot, generation } = test.plugin('p', ['f'])
  const queue = test.plugin('queue', ['engine::queue::enqueue'], { builtIn: true })
  const [worker, caller] = [test.join(), test.join()]
  test.provide(worker.worker, 'w')
  test.call(caller, 'f', 'outer')
  test.call(generation, 'w')
  const handOver = test.router.beginHandOver([slot])
  void handOver.drain(1000)
  test.call(queue.generation, 'f', 'of somebody else')
  expect(dataOf(generation)).toEqual(['outer'])
  test.call(worker, 'w', 'a job', { type: 'enqueue', queue: 'q' })
  expect(dataOf(generation)).toEqual(['outer', 'of somebody else'])
  test.reply(queue.generation, {})
  test.call(queue.generation, 'f', 'later')
  expect(dataOf(generation)).toHaveLength(2)
  handOver.reopen()
})

it('who decides on a registration of a session, of which nothing is read until it is decided', async () => {
  const test = makeRouter()
  const { slot, generation } = test.plugin('p', ['f'])
  const [hook, caller] = [test.join(), test.join()]
  test.provide(hook.worker, 'auth::decide')
  const rights = sessionRights({ allowFunctionRegistration: true, onFunctionRegistration: 'auth::decide' })
  const session = test.join({
    policy: { kind: 'session', rights, middleware: undefined, exact: ALL_NAMES.exactGrants },
  })
  test.provide(session.worker, 'w')
  test.reply(hook, {})
  await vi.waitUntil(() => session.worker.providers.has('w'))
  test.call(caller, 'f', 'outer')
  test.call(generation, 'w')
  const handOver = test.router.beginHandOver([slot])
  void handOver.drain(1000)
  test.call(hook, 'f', 'of somebody else')
  expect(dataOf(generation)).toEqual(['outer'])
  test.provide(session.worker, 'another')
  test.call(hook, 'f', 'may it')
  expect(dataOf(generation)).toEqual(['outer', 'of somebody else', 'may it'])
  test.reply(hook, {})
  await vi.waitUntil(() => session.worker.providers.has('another'))
  test.call(hook, 'f', 'later')
  expect(dataOf(generation)).toHaveLength(3)
  handOver.reopen()
})

it('a worker that called what a starting generation registers only then', async () => {
  const test = makeRouter()
  const { slot } = test.plugin('p', ['f'])
  const [worker, other] = [test.join(), test.join()]
  test.provide(worker.worker, 'w')
  const { handOver, next: generations } = await starting(test, [slot])
  const next = generations[0]!
  test.call(next, 'w')
  test.call(other, 'f', 'of somebody else')
  test.call(worker, 'f', 'early')
  expect(dataOf(next)).toEqual([])
  test.provide(next.worker, 'f')
  expect(dataOf(next)).toEqual(['early'])
  test.call(worker, 'f', 'late')
  expect(dataOf(next)).toEqual(['early', 'late'])
  handOver.commit()
  expect(dataOf(next)).toEqual(['early', 'late', 'of somebody else'])
})

it('a worker that called what another generation that starts in the same change registers only then', async () => {
  const test = makeRouter()
  const [one, two] = [test.plugin('one', ['f']), test.plugin('two', ['g'])]
  const worker = test.join()
  test.provide(worker.worker, 'w')
  const { handOver, next } = await starting(test, [one.slot, two.slot])
  const [waits, registers] = [next[0]!, next[1]!]
  test.call(waits, 'w')
  test.call(worker, 'g', 'early')
  test.provide(waits.worker, 'f')
  expect(dataOf(registers)).toEqual([])
  test.provide(registers.worker, 'g')
  expect(dataOf(registers)).toEqual(['early'])
  test.call(worker, 'g', 'late')
  expect(dataOf(registers)).toEqual(['early', 'late'])
  handOver.commit()
})

it('a starting generation that called a function of its own before it registered it', async () => {
  const test = makeRouter()
  const { slot } = test.plugin('p', ['f', 'g'])
  const { handOver, next: generations } = await starting(test, [slot])
  const next = generations[0]!
  test.call(next, 'f', 'early')
  test.provide(next.worker, 'g')
  expect(dataOf(next)).toEqual([])
  test.provide(next.worker, 'f')
  expect(dataOf(next)).toEqual(['early'])
  test.call(next, 'f', 'late')
  expect(dataOf(next)).toEqual(['early', 'late'])
  handOver.commit()
})

it('nobody for a call that was given back: a plugin that made it owes and is owed nothing', async () => {
  const test = makeRouter()
  const [one, two] = [test.plugin('one', ['f']), test.plugin('two', ['g'])]
  test.call(one.generation, 'g', 'an event')
  const handOver = test.router.beginHandOver([one.slot])
  expect(await handOver.drain(1000)).toBe(true)
  test.call(two.generation, 'f', 'too late')
  test.router.takeBack(one.generation.worker, one.generation.link.unanswered.shift()!, NOT_RUN)
  test.reply(two.generation, 'handled')
  const other = test.router.beginHandOver([two.slot])
  expect(await other.drain(1000, 'quiet')).toBe(true)
  other.reopen()
  const next = test.generation(one.slot)
  handOver.stage(next.worker)
  test.provide(next.worker, 'f')
  handOver.commit()
  expect(dataOf(next)).toEqual(['too late'])
})
