// `pubsub`: one `publish` reaches every subscriber of its topic, each a function of a worker of its own. Deliveries are counted.
// Reference: the naive router, which has topics built in and sends frame by frame.
import { chooseCases, type LoadCase } from '../../../bench/options.ts'
import type { Variant } from '../../../bench/rounds.ts'
import { loadCase, type Scenario } from '../../../bench/scenarios/scenario.ts'

const SUBSCRIBERS = [1, 10, 100] as const
/** In flight: publishes in a burst. */
const CASES: readonly LoadCase[] = [{ payloadBytes: 150, inFlight: 64 }]

const pubsub: Scenario = {
  title: 'publish to subscribed functions of workers',
  async run(session) {
    const reports = []
    for (const load of chooseCases(session.options, CASES)) {
      for (const subscribers of SUBSCRIBERS) {
        const job = { kind: 'fan-out', way: 'topic', subscribers, ...load } as const
        const variants: Variant[] = [
          { name: 'engine', target: 'reactive', job },
          { name: 'naive', target: 'naive', job },
        ]
        const name = `pubsub to ${subscribers}`
        reports.push(await loadCase(session, name, 'deliveries/s', load, variants))
      }
    }
    return reports
  },
}

export default pubsub
