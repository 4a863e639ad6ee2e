// What is held back before the announce is bounded in number, bytes and time.
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test, vi, onTestFinished } from 'vitest'
import { HeldRegistrations } from '../../../core/gateway/held-registrations.ts'
import { makeCall, makeWorker } from '../router/calls.ts'

const MESSAGE = { type: 'registerfunction', id: 'a::b' } as const

test('Above 64 MiB of held frames they take effect early', () => {
  const { held, released } = make()
  held.addMessage(MESSAGE, 40 * 1024 * 1024)
  expect(released()).toBe(0)
  held.addMessage(MESSAGE, 40 * 1024 * 1024)
  expect(released()).toBe(2)
})

test('Above 100,000 held frames they take effect early', () => {
  const { held, released } = make()
  for (let index = 0; index < 100_000; index++) held.addMessage(MESSAGE, 10)
  expect(released()).toBe(0)
  held.addMessage(MESSAGE, 10)
  expect(released()).toBe(100_001)
})

test('What was held is handed over once, and not kept', () => {
  const { held } = make()
  held.addMessage(MESSAGE, 10)
  expect(held.end()).toHaveLength(1)
  expect(held.end()).toHaveLength(0)
})

test('A held call keeps its own copy of its payload', () => {
  const { held } = make()
  const call = makeCall(makeWorker().worker, 'a::b', { a: 1 })
  const bytes = call.data
  held.addCall(call, undefined)
  bytes.fill(0)
  expect(held.end()[0]?.call?.data.toString()).toBe('{"a":1}')
})

test('Silence releases after 250 ms, frames put it off, and the grace ends it', async () => {
  await turn()
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const quiet = make()
  quiet.held.addMessage(MESSAGE, 1)
  vi.advanceTimersByTime(249)
  expect(quiet.released()).toBe(0)
  vi.advanceTimersByTime(1)
  expect(quiet.released()).toBe(1)
  const busy = make(1000)
  busy.held.addMessage(MESSAGE, 1)
  for (let elapsed = 0; elapsed < 900; elapsed += 100) {
    vi.advanceTimersByTime(100)
    busy.held.touch()
  }
  expect(busy.released()).toBe(0)
  vi.advanceTimersByTime(100)
  expect(busy.released()).toBe(1)
})

test('Where the announce comes in the same turn no timer is made; none is left behind by one that has ended', async () => {
  await turn()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const brief = make()
  brief.held.addMessage(MESSAGE, 1)
  brief.held.touch()
  expect(brief.held.end()).toHaveLength(1)
  const longer = make()
  longer.held.addMessage(MESSAGE, 1)
  await turn()
  expect(vi.getTimerCount()).toBe(2)
  longer.held.end()
  expect(vi.getTimerCount()).toBe(0)
})

function make(graceMs = 5000): { held: HeldRegistrations; released(): number } {
  let count = 0
  const held: HeldRegistrations = new HeldRegistrations(graceMs, () => (count += held.end().length))
  onTestFinished(() => void held.end())
  return { held, released: () => count }
}
