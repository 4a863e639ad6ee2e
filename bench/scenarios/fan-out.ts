// `fan-out`: a worker fires events of a trigger type that it provides; each goes to every subscriber, each on its own socket.
// Reference: the naive router, which sends frame by frame.
import { chooseCases, type LoadCase } from '../options.ts'
import type { Variant } from '../rounds.ts'
import { loadCase, type Scenario } from './scenario.ts'

/** In flight: events in a burst. */
const CASES: readonly LoadCase[] = [{ payloadBytes: 150, inFlight: 8 }]

const fanOut: Scenario = {
  title: 'one event to many subscribers, in bursts',
  async run(session) {
    const { subscribers } = session.options
    const reports = []
    for (const load of chooseCases(session.options, CASES)) {
      const job = { kind: 'fan-out', way: 'trigger', subscribers, ...load } as const
      const variants: Variant[] = [
        { name: 'engine', target: 'subject', job },
        { name: 'naive', target: 'naive', job },
      ]
      reports.push(await loadCase(session, `fan-out to ${subscribers}`, 'deliveries/s', load, variants))
    }
    return reports
  },
}

export default fanOut
