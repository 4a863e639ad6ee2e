// `enqueue`: calls stored durably in a queue that does not give them out, beside `state::set` of the same values in the same engine.
import { chooseCases, type LoadCase } from '../../../bench/options.ts'
import type { Variant } from '../../../bench/rounds.ts'
import { loadCase, needsOwnEngine, type Scenario } from '../../../bench/scenarios/scenario.ts'

const CASES: readonly LoadCase[] = [
  { payloadBytes: 150, inFlight: 64 },
  { payloadBytes: 150, inFlight: 1024 },
]

const enqueue: Scenario = {
  title: 'calls stored durably in a queue',
  unfit: needsOwnEngine,
  async run(session) {
    const reports = []
    for (const load of chooseCases(session.options, CASES)) {
      const job = { kind: 'call', providesFunction: false, rate: session.options.rate, ...load } as const
      const variants: Variant[] = [
        { name: 'engine', target: 'queue', job: { ...job, workload: 'enqueue', functionId: 'bench::held' } },
        { name: 'state-set', target: 'queue', job: { ...job, workload: 'state-set', functionId: 'state::set' } },
      ]
      reports.push(await loadCase(session, 'enqueue', 'jobs/s', load, variants))
    }
    return reports
  },
}

export default enqueue
