// `queue-latency`: one job at a time in an idle queue, from its enqueue until it is at its worker, durable on the way; beside a call of a worker.
import type { Variant } from '../../../bench/rounds.ts'
import { chooseCases, type LoadCase } from '../../../bench/options.ts'
import { loadCase, needsOwnEngine, WORKER_FUNCTION, type Scenario } from '../../../bench/scenarios/scenario.ts'

const CASES: readonly LoadCase[] = [{ payloadBytes: 150, inFlight: 1 }]

const queueLatency: Scenario = {
  title: 'from an enqueue to the worker, one job at a time',
  unfit: needsOwnEngine,
  async run(session) {
    const reports = []
    for (const load of chooseCases(session.options, CASES)) {
      const rpc = { kind: 'call', workload: 'echo', functionId: WORKER_FUNCTION, providesFunction: true } as const
      const variants: Variant[] = [
        { name: 'engine', target: 'queue', job: { kind: 'queue', way: 'latency', consumers: 1, jobs: 1, ...load } },
        { name: 'rpc', target: 'queue', job: { ...rpc, rate: undefined, ...load } },
      ]
      reports.push(await loadCase(session, 'queue-latency', 'jobs/s', load, variants))
    }
    return reports
  },
}

export default queueLatency
