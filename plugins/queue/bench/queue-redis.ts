// `queue-redis`: queues on Redis, through an engine, beside BullMQ on the same server: stored, drained by eight workers, and one job at a time.
import { spawnSync } from 'node:child_process'
import { bullMq } from '../../../bench/load/bull-run.ts'
import { chooseCases, type LoadCase } from '../../../bench/options.ts'
import type { Variant } from '../../../bench/rounds.ts'
import { loadCase, needsOwnEngine, type Scenario } from '../../../bench/scenarios/scenario.ts'

const CONSUMERS = 8
const JOBS = 20_000
const STORED: readonly LoadCase[] = [{ payloadBytes: 150, inFlight: 64 }]
const IDLE: readonly LoadCase[] = [{ payloadBytes: 150, inFlight: 1 }]

const queueRedis: Scenario = {
  title: 'queues on Redis, beside BullMQ on the same server',
  unfit(session) {
    if (spawnSync('redis-server', ['--version']).error !== undefined) return 'it needs redis-server'
    return needsOwnEngine(session)
  },
  async run(session) {
    const isThere = await bullMq().then(
      () => true,
      () => false,
    )
    const notes = isThere ? [] : ['without BullMQ: npm install --no-save bullmq']
    const bull = (job: Variant['job']): Variant[] => (isThere ? [{ name: 'bullmq', target: 'redis', job }] : [])
    const reports = []
    for (const load of chooseCases(session.options, STORED)) {
      const stores = { kind: 'call', workload: 'enqueue', functionId: 'bench::held', providesFunction: false } as const
      const drains = { way: 'drain', consumers: CONSUMERS, jobs: JOBS, ...load } as const
      reports.push(
        await loadCase(session, 'enqueue', 'jobs/s', load, [
          { name: 'engine', target: 'queue-redis', job: { ...stores, rate: undefined, ...load } },
          ...bull({ kind: 'bullmq', ...drains, way: 'enqueue' }),
        ]),
        await loadCase(session, 'drain', 'jobs/s', load, [
          { name: 'engine', target: 'queue-redis', job: { kind: 'queue', ...drains } },
          ...bull({ kind: 'bullmq', ...drains }),
        ]),
      )
    }
    for (const load of chooseCases(session.options, IDLE)) {
      const waits = { way: 'latency', consumers: 1, jobs: 1, ...load } as const
      reports.push(
        await loadCase(session, 'latency', 'jobs/s', load, [
          { name: 'engine', target: 'queue-redis', job: { kind: 'queue', ...waits } },
          ...bull({ kind: 'bullmq', ...waits }),
        ]),
      )
    }
    return reports.map((report) => ({ ...report, notes: [...report.notes, ...notes] }))
  },
}

export default queueRedis
