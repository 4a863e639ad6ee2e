// When and who leaves the thread that built-ins share. That nothing is lost by it: test/core/engine/shared-threads.test.ts.
import type { EventLoopUtilization } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import { createLog } from '../../../../core/log.ts'
import {
  BUSY_FRAMES,
  BusyThread,
  LOOK_MS,
  STAYS_MS,
  type BusyThreadDeps,
} from '../../../../core/host/containers/busy-thread.ts'
import type { PluginInstance } from '../../../../core/host/table/plugin-instance.ts'
import { ManualClock } from '../manual-clock.ts'

interface Fake {
  name: string
  apart: boolean
  place: { frames: number; container: { loop(): EventLoopUtilization } }
}

function scene({ leaves = true, entry = {}, builtIn = true } = {}) {
  const clock = new ManualClock()
  let active = 0
  let idle = 0
  const container = { loop: () => ({ active, idle, utilization: active / (active + idle || 1) }) }
  const fake = (name: string): Fake => ({ name, apart: false, place: { frames: 0, container } })
  const all = { state: fake('state'), queue: fake('queue'), cron: fake('cron') }
  const left: string[] = []
  const asInstance = (member: Fake): PluginInstance =>
    ({
      name: member.name,
      get apart() {
        return member.apart
      },
      set apart(value: boolean) {
        member.apart = value
      },
      generation: {
        isolation: 'shared',
        plan: { source: { builtIn }, entry },
        replicas: [{ place: member.place }],
      },
    }) as unknown as PluginInstance
  const instances = Object.values(all).map(asInstance)
  const deps: BusyThreadDeps = {
    clock,
    log: createLog({ level: 'error', write: () => {} }),
    members: () => instances,
    mayLeave: ({ name }) => name !== 'queue',
    leave: async (instance) => {
      left.push(instance.name)
      if (leaves) instance.apart = true
    },
  }
  const thread = new BusyThread(deps)
  thread.watch()
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return {
    ...all,
    left,
    thread,
    /** A second in which the loop was busy for so long, and each plugin sent so many frames. */
    async second(busyMs: number, frames: Partial<Record<keyof typeof all, number>>): Promise<void> {
      active += busyMs
      idle += LOOK_MS - busyMs
      for (const [name, count] of Object.entries(frames)) all[name as keyof typeof all].place.frames += count
      clock.move(LOOK_MS)
      await settle()
    },
    async pass(ms: number): Promise<void> {
      clock.move(ms)
      await settle()
    },
  }
}

const MUCH = BUSY_FRAMES * 10

test('of several with much to do the busiest that may leaves', async () => {
  const { second, left, state } = scene()
  await second(0, {})
  await second(500, { queue: MUCH * 2, state: MUCH, cron: BUSY_FRAMES })
  expect(left).toEqual(['state'])
  expect(state.apart).toBe(true)
})

test('one that is busy alone stays, and so do those of a thread that is mostly idle', async () => {
  const { second, left } = scene()
  await second(0, {})
  await second(900, { state: MUCH, queue: BUSY_FRAMES - 1 })
  await second(100, { state: MUCH, queue: MUCH })
  expect(left).toEqual([])
})

test('what was before the first look does not count', async () => {
  const { second, left } = scene()
  await second(900, { state: MUCH, queue: MUCH })
  expect(left).toEqual([])
})

test('one that may not leave stays, however busy it is', async () => {
  const { second, left } = scene()
  await second(0, {})
  await second(900, { queue: MUCH })
  expect(left).toEqual([])
})

test('one that could not leave is asked again after a while, and not before', async () => {
  const { second, left } = scene({ leaves: false })
  await second(0, {})
  for (let looks = 0; looks < 4; looks++) await second(900, { state: MUCH, queue: MUCH })
  expect(left).toEqual(['state'])
  for (let looks = 0; looks < STAYS_MS / LOOK_MS; looks++) await second(900, { state: MUCH, queue: MUCH })
  expect(left).toEqual(['state', 'state'])
})

test.each([
  ['plugins of users', { builtIn: false }],
  ['plugins whose entry says where they run', { entry: { isolation: 'shared' } }],
])('%s are left where they are', async (_who, options) => {
  const { second, left } = scene(options)
  await second(0, {})
  await second(900, { state: MUCH, queue: MUCH })
  expect(left).toEqual([])
})

test('after its end nobody leaves', async () => {
  const { second, left, thread } = scene()
  await second(0, {})
  thread.close()
  await second(900, { state: MUCH, queue: MUCH })
  expect(left).toEqual([])
})
