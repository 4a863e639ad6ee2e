import { expect, test } from 'vitest'
import { watchMemory } from '../../../../core/host/containers/memory-watch.ts'
import { ManualClock } from '../manual-clock.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('memory is measured every 25 ms and exceeded once', async () => {
  const clock = new ManualClock()
  const exceeded: number[] = []
  const sizes = [10, undefined, 100, 101, 500]
  let measured = 0
  watchMemory({
    clock,
    limitBytes: 100,
    measure: async () => sizes[measured++],
    onExceeded: (used) => exceeded.push(used),
  })
  for (let poll = 0; poll < 10; poll++) {
    clock.move(25)
    await turn()
  }
  expect(exceeded).toEqual([101])
  expect(measured).toBe(4)
})

test('nothing is told after the end of the watch, not even by a measurement under way', async () => {
  const clock = new ManualClock()
  const exceeded: number[] = []
  const end = watchMemory({ clock, limitBytes: 1, measure: async () => 2, onExceeded: (used) => exceeded.push(used) })
  clock.move(25)
  end()
  await turn()
  clock.move(100)
  expect(exceeded).toEqual([])
})
