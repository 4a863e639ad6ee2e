// What is said of a plugin whose thread or process stood still.
import { expect, test } from 'vitest'
import type { Container, ContainerState } from '../../../../core/host/containers/container.ts'
import { CrashWatch } from '../../../../core/host/containers/crash-watch.ts'
import type { Generation } from '../../../../core/host/generations/generation.ts'
import type { Replica } from '../../../../core/host/generations/replica.ts'
import { createLog } from '../../../../core/log.ts'
import { ManualClock } from '../manual-clock.ts'

test.each<[ContainerState, number]>([
  ['running', 1],
  ['ending', 0],
  ['ended', 0],
  ['abandoned', 0],
])('one with nothing unread after it stood still, which is %s, is said to read again %i times', (after, times) => {
  const clock = new ManualClock()
  const lines: string[] = []
  const container = {
    kind: 'process' as const,
    number: 1,
    state: 'running' as ContainerState,
    exited: Promise.withResolvers<never>().promise,
    unreadMs: 6_000,
    unreadForMs: () => container.unreadMs,
    nudge() {},
  }
  const replica = { place: { container: container as unknown as Container } } as Replica
  const generation = { name: 'still', replicas: [replica], plan: { entry: {} } } as unknown as Generation
  const log = createLog({ pretty: false, write: (line) => lines.push(line) })
  const watch = new CrashWatch(clock, log, () => {})
  watch.watch(generation)
  clock.move(1_000)
  expect(lines.join('')).toContain("plugin 'still' is stalled: process 1 has read nothing for 6000 ms")
  container.state = after
  container.unreadMs = 0
  clock.move(1_000)
  watch.close()
  expect(lines.filter((line) => line.includes("plugin 'still' reads again"))).toHaveLength(times)
})
