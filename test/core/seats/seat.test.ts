// One seat through the life of its holder: who holds it, and what becomes of questions and messages meanwhile.
import { expect, it, vi } from 'vitest'
import type { CodedError } from '../../../protocol/errors.ts'
import { Seat } from '../../../core/seats/seat.ts'
import { makeRouter, type TestRouter } from '../router/test-router.ts'

const ID = 'engine::seat::settings'

function held(): { test: TestRouter; seat: Seat<unknown, unknown>; holder: ReturnType<TestRouter['plugin']> } {
  const test = makeRouter()
  return { test, seat: new Seat('settings', test.router), holder: test.plugin('keeper', [ID], { builtIn: true }) }
}

it('a seat is empty until a plugin serves it, and its first generation counts from the commit on', () => {
  const test = makeRouter()
  const seat = new Seat('settings', test.router)
  expect([seat.state, seat.isHeld, seat.holder]).toEqual(['empty', false, undefined])
  const slot = test.router.openSlot('keeper', { builtIn: true, maxInFlight: 10, maxInFlightBytes: 1000 })
  const handOver = test.router.beginHandOver([slot])
  const generation = test.generation(slot)
  handOver.stage(generation.worker)
  test.provide(generation.worker, ID)
  expect(seat.state).toBe('empty')
  handOver.commit()
  expect([seat.state, seat.isHeld, seat.holder]).toEqual(['serving', true, slot])
})

it('a hand-over of its plugin does not leave a seat, and a question waits for the new generation', async () => {
  const { test, seat, holder } = held()
  const handOver = test.router.beginHandOver([holder.slot])
  expect(await handOver.drain(0)).toBe(true)
  expect([seat.state, seat.isHeld]).toEqual(['changing', true])
  const answer = seat.ask({ a: 1 }, 1000)
  const next = test.generation(holder.slot)
  handOver.stage(next.worker)
  test.provide(next.worker, ID)
  handOver.commit()
  expect(seat.state).toBe('serving')
  expect(next.link.delivered).toMatchObject([{ functionId: ID, data: { a: 1 } }])
  test.reply(next, { b: 2 })
  expect(await answer).toEqual({ b: 2 })
})

it('a plugin that crashed does not hold its seat, though it is still the one whose seat it is', () => {
  const { test, seat, holder } = held()
  test.router.endWorker(holder.generation.worker, { abnormal: true })
  expect([seat.state, seat.isHeld, seat.holder]).toEqual(['away', false, holder.slot])
})

it('a plugin that is stopped leaves its seat empty', () => {
  const { test, seat, holder } = held()
  test.router.endWorker(holder.generation.worker, { abnormal: false })
  test.router.removeSlot(holder.slot)
  expect([seat.state, seat.isHeld, seat.holder]).toEqual(['empty', false, undefined])
})

it('a question to an empty seat is refused at once', async () => {
  const seat = new Seat('entries', makeRouter().router)
  await expect(seat.ask({}, 1000)).rejects.toMatchObject({
    code: 'plugin_unavailable',
    message: "no plugin holds the seat 'entries'",
  })
})

it('a question rejects with the error of the holder as it is', async () => {
  const { test, seat, holder } = held()
  const answer = seat.ask({}, 1000)
  const { callId } = [...holder.generation.worker.calls][0]!
  const error = Buffer.from('{"code":"NO","message":"not so"}')
  test.router.settle(holder.generation.worker, callId, undefined, error)
  await expect(answer).rejects.toMatchObject({ code: 'NO', message: 'not so' })
})

it('a question that is not answered in time rejects with timeout', async () => {
  vi.useFakeTimers()
  const { seat } = held()
  const refused = expect(seat.ask({}, 5000)).rejects.toMatchObject({ code: 'timeout' })
  await vi.advanceTimersByTimeAsync(5000)
  await refused
  vi.useRealTimers()
})

it('what is told while nobody holds the seat is lost, and said to be', () => {
  const { test, seat, holder } = held()
  const lost: CodedError[] = []
  test.router.endWorker(holder.generation.worker, { abnormal: true })
  seat.tell({ a: 1 }, (reason) => lost.push(reason))
  expect(lost).toMatchObject([
    { code: 'plugin_unavailable', message: "the plugin that holds the seat 'settings' does not run" },
  ])
  expect(holder.slot.gate.size).toBe(0)
})

it('what is told during a hand-over waits for the new generation', async () => {
  const { test, seat, holder } = held()
  const handOver = test.router.beginHandOver([holder.slot])
  await handOver.drain(0)
  seat.tell({ a: 1 }, () => expect.unreachable())
  handOver.reopen()
  expect(holder.generation.link.delivered).toMatchObject([{ data: { a: 1 } }])
})

it('what a flooded holder is told above its limit is lost', () => {
  const test = makeRouter()
  const seat = new Seat('settings', test.router)
  test.plugin('keeper', [ID], { builtIn: true, maxInFlight: 1 })
  const lost: CodedError[] = []
  for (const a of [1, 2]) seat.tell({ a }, (reason) => lost.push(reason))
  expect(lost).toMatchObject([{ code: 'overloaded' }])
})
