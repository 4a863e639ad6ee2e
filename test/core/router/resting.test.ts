// A plugin that rests until it is used: it serves, its gate is closed, and whoever calls it wakes it.
import { expect, it, vi } from 'vitest'
import type { TestWorker } from './calls.ts'
import { makeRouter } from './test-router.ts'

const dataOf = ({ link }: TestWorker): unknown[] => link.delivered.map(({ data }) => data)

/** `f` is for everybody, `told` is internal. */
function resting(waiting: readonly string[] = []) {
  const test = makeRouter()
  const caller = test.join()
  const wake = vi.fn()
  const { slot, generation } = test.plugin('p', ['f'])
  test.router.endWorker(generation.worker, { abnormal: true })
  for (const data of waiting) test.call(caller, 'f', data)
  const start = async (rests: boolean) => {
    const handOver = test.router.beginHandOver([slot])
    await handOver.drain(1000)
    const next = test.generation(slot)
    handOver.stage(next.worker)
    if (rests) handOver.rest(slot, wake)
    test.provide(next.worker, 'f')
    test.provide(next.worker, 'told', { internal: true })
    return { next, handOver }
  }
  return { test, caller, wake, slot, start }
}

it('calls wait, and wake it; the generation that follows gets them in order', async () => {
  const { test, caller, wake, start } = resting()
  const { next: rested, handOver } = await start(true)
  handOver.commit()
  expect(wake).not.toHaveBeenCalled()
  test.call(caller, 'f', 'first')
  expect(wake).toHaveBeenCalledOnce()
  test.call(caller, 'f', 'second')
  const { next, handOver: move } = await start(false)
  test.call(caller, 'f', 'third')
  move.commit()
  expect(dataOf(rested)).toEqual([])
  expect(dataOf(next)).toEqual(['first', 'second', 'third'])
  test.call(caller, 'f', 'fourth')
  expect(dataOf(next)).toHaveLength(4)
})

it('a void call wakes it as well', async () => {
  const { test, caller, wake, start } = resting()
  ;(await start(true)).handOver.commit()
  test.call(caller, 'f', 'void', { type: 'void' })
  expect(wake).toHaveBeenCalledOnce()
})

it('what it is told by internal functions reaches it, and wakes nobody', async () => {
  const { test, caller, wake, start } = resting()
  const { next, handOver } = await start(true)
  handOver.commit()
  const id = test.call(caller, 'told', 'news')
  expect(dataOf(next)).toEqual(['news'])
  test.reply(next, 'thanks')
  expect(test.answerTo(caller, id)?.result).toBe('thanks')
  expect(wake).not.toHaveBeenCalled()
})

it('calls that have waited for it to start wake it as it begins to rest', async () => {
  const { wake, start } = resting(['early'])
  const { next, handOver } = await start(true)
  expect(wake).not.toHaveBeenCalled()
  handOver.commit()
  expect(wake).toHaveBeenCalledOnce()
  expect(dataOf(next)).toEqual([])
})

it('a hand-over that ends before anything has changed ends the rest: it serves, and what has waited goes to it', async () => {
  const { test, caller, wake, slot, start } = resting()
  const { next, handOver } = await start(true)
  handOver.commit()
  test.call(caller, 'f', 'first')
  test.router.beginHandOver([slot]).reopen()
  expect(dataOf(next)).toEqual(['first'])
  test.call(caller, 'f', 'second')
  expect(dataOf(next)).toEqual(['first', 'second'])
  expect(wake).toHaveBeenCalledOnce()
})

it('when it has crashed, calls wait for the generation that comes next', async () => {
  const { test, caller, wake, slot, start } = resting()
  const { next: rested, handOver } = await start(true)
  handOver.commit()
  test.router.endWorker(rested.worker, { abnormal: true })
  test.call(caller, 'f', 'first')
  expect(wake).toHaveBeenCalledOnce()
  test.router.beginHandOver([slot]).reopen()
  const { next, handOver: restart } = await start(false)
  restart.commit()
  expect(dataOf(next)).toEqual(['first'])
})

it('of several that start together each rests for itself, and the others serve', async () => {
  const test = makeRouter()
  const caller = test.join()
  const options = { builtIn: true, maxInFlight: 10, maxInFlightBytes: 1_000 }
  const [first, second, third] = ['first', 'second', 'third'].map((name) => test.router.openSlot(name, options))
  const handOver = test.router.beginHandOver([first!, second!, third!])
  const [one, two, three] = [first!, second!, third!].map((slot) => test.generation(slot))
  for (const { worker } of [one!, two!, three!]) handOver.stage(worker)
  const [wakeFirst, wakeSecond] = [vi.fn(), vi.fn()]
  handOver.rest(first!, wakeFirst)
  handOver.rest(second!, wakeSecond)
  for (const [index, { worker }] of [one!, two!, three!].entries()) test.provide(worker, `f${index}`)
  handOver.commit()
  test.call(caller, 'f2', 'to the third')
  expect(dataOf(three!)).toEqual(['to the third'])
  expect(wakeFirst).not.toHaveBeenCalled()
  test.call(caller, 'f0', 'to the first')
  expect(wakeFirst).toHaveBeenCalledOnce()
  expect(wakeSecond).not.toHaveBeenCalled()
  test.call(caller, 'f1', 'to the second')
  expect(wakeSecond).toHaveBeenCalledOnce()
  expect([...dataOf(one!), ...dataOf(two!)]).toEqual([])
})
