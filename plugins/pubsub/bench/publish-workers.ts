// `publish-workers`: one `publish` reaches a hundred workers with a function each, one event at a time and in bursts. The next one is
// published when the last has arrived everywhere. Reference: the naive router, which has topics built in.
import { chooseCases, type LoadCase } from '../../../bench/options.ts'
import type { Variant } from '../../../bench/rounds.ts'
import { loadCase, type Scenario } from '../../../bench/scenarios/scenario.ts'

const SUBSCRIBERS = 100
/** In flight: publishes in a burst. */
const CASES: readonly LoadCase[] = [
  { payloadBytes: 150, inFlight: 1 },
  { payloadBytes: 150, inFlight: 8 },
]

const publishWorkers: Scenario = {
  title: 'publish to 100 workers, alone and in bursts',
  async run(session) {
    const reports = []
    for (const load of chooseCases(session.options, CASES)) {
      const job = { kind: 'fan-out', way: 'topic', subscribers: SUBSCRIBERS, ...load } as const
      const variants: Variant[] = [
        { name: 'engine', target: 'reactive', job },
        { name: 'naive', target: 'naive', job },
      ]
      reports.push(await loadCase(session, 'publish-workers', 'deliveries/s', load, variants))
    }
    return reports
  },
}

export default publishWorkers
