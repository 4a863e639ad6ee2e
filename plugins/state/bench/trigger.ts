// `trigger`: a worker sets a key, and a function of another worker that is bound to the scope is called. The next set is sent when that
// has happened. State is in memory: what is measured is the way, not the disk. Reference: the naive router, which has state built in.
import { chooseCases, type LoadCase } from '../../../bench/options.ts'
import type { Variant } from '../../../bench/rounds.ts'
import { loadCase, type Scenario } from '../../../bench/scenarios/scenario.ts'

const CASES: readonly LoadCase[] = [{ payloadBytes: 150, inFlight: 1 }]

const trigger: Scenario = {
  title: 'from a state::set to the function that its trigger calls',
  async run(session) {
    const reports = []
    for (const load of chooseCases(session.options, CASES)) {
      const job = { kind: 'fan-out', way: 'state', subscribers: 1, ...load } as const
      const variants: Variant[] = [
        { name: 'engine', target: 'in-memory', job },
        { name: 'naive', target: 'naive', job },
      ]
      reports.push(await loadCase(session, 'trigger', 'sets/s', load, variants))
    }
    return reports
  },
}

export default trigger
