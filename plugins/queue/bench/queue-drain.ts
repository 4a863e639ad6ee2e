// `queue-drain`: jobs that wait are handled by eight workers, each answered and acknowledged, beside calls of worker to worker.
import { chooseCases, type LoadCase } from '../../../bench/options.ts'
import type { Variant } from '../../../bench/rounds.ts'
import { loadCase, needsOwnEngine, WORKER_FUNCTION, type Scenario } from '../../../bench/scenarios/scenario.ts'

const CONSUMERS = 8
const JOBS = 20_000
/** In flight: of the calls that it is compared with. */
const CASES: readonly LoadCase[] = [{ payloadBytes: 150, inFlight: 64 }]

const queueDrain: Scenario = {
  title: 'jobs that wait, handled by eight workers',
  unfit: needsOwnEngine,
  async run(session) {
    const reports = []
    for (const load of chooseCases(session.options, CASES)) {
      const rpc = { kind: 'call', workload: 'echo', functionId: WORKER_FUNCTION, providesFunction: true } as const
      const drain = { kind: 'queue', way: 'drain', consumers: CONSUMERS, jobs: JOBS } as const
      const variants: Variant[] = [
        { name: 'engine', target: 'queue', job: { ...drain, ...load } },
        { name: 'rpc', target: 'queue', job: { ...rpc, rate: undefined, ...load } },
      ]
      reports.push(await loadCase(session, 'queue-drain', 'jobs/s', load, variants))
    }
    return reports
  },
}

export default queueDrain
