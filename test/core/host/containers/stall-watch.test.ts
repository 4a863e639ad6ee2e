import inspector from 'node:inspector'
import { expect, onTestFinished, test } from 'vitest'
import { StallWatch, type StallWatchOptions } from '../../../../core/host/containers/stall-watch.ts'
import { ManualClock } from '../manual-clock.ts'

function watched(options: Pick<StallWatchOptions, 'isDebugged'> = { isDebugged: () => false }) {
  const clock = new ManualClock()
  const told: string[] = []
  let since: number | undefined
  let nudges = 0
  const watch = new StallWatch({ clock, ...options })
  const end = watch.watch({
    nudge: () => nudges++,
    unreadForMs: () => (since === undefined ? 0 : clock.now() - since),
    onStalled: () => told.push('stalled'),
    onRecovered: () => told.push('recovered'),
    onHopeless: () => told.push('hopeless'),
  })
  return { clock, told, end, block: () => (since = clock.now()), free: () => (since = undefined), nudges: () => nudges }
}

test('frames unread for five seconds make a plugin stalled, once', () => {
  const { clock, told, block } = watched()
  block()
  clock.move(4_000)
  expect(told).toEqual([])
  clock.move(5_000)
  expect(told).toEqual(['stalled'])
})

test('a plugin that reads again has recovered', () => {
  const { clock, told, block, free } = watched()
  block()
  clock.move(10_000)
  free()
  clock.move(2_000)
  expect(told).toEqual(['stalled', 'recovered'])
})

test('after thirty seconds there is no hope, and no further word', () => {
  const { clock, told, block } = watched()
  block()
  clock.move(120_000)
  expect(told).toEqual(['stalled', 'hopeless'])
})

test('one that stands at a breakpoint is given as much time as its developer takes', () => {
  let isDebugged = true
  const { clock, told, block, free } = watched({ isDebugged: () => isDebugged })
  block()
  clock.move(600_000)
  expect(told).toEqual(['stalled'])
  free()
  clock.move(1_000)
  block()
  isDebugged = false
  clock.move(40_000)
  expect(told).toEqual(['stalled', 'recovered', 'stalled', 'hopeless'])
})

test('nothing is told after the watch has ended', () => {
  const { clock, told, block, end } = watched()
  block()
  end()
  clock.move(120_000)
  expect(told).toEqual([])
})

test('one that has nothing to read is given something, and one that does not read gets no more', () => {
  const { clock, block, nudges } = watched()
  clock.move(3_000)
  expect(nudges()).toBe(3)
  block()
  clock.move(4_000)
  expect(nudges()).toBe(3)
})

test('while the engine can be debugged there is always hope: a thread may be held at a breakpoint', () => {
  const { clock, told, block } = watched({})
  block()
  // A debugger may come later, too.
  clock.move(10_000)
  inspector.open(0, '127.0.0.1')
  onTestFinished(() => inspector.close())
  clock.move(120_000)
  expect(told).toEqual(['stalled'])
  inspector.close()
  clock.move(1_000)
  expect(told).toEqual(['stalled', 'hopeless'])
})
