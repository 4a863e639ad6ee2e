// `stream-set`: items stored durably through the whole path, each different from the one that it replaces. Reference:
// `state::set` of the same values in the same engine.
import { chooseCases, type LoadCase } from '../../../bench/options.ts'
import type { Variant } from '../../../bench/rounds.ts'
import { loadCase, needsOwnEngine, type Scenario } from '../../../bench/scenarios/scenario.ts'

const CASES: readonly LoadCase[] = [
  { payloadBytes: 150, inFlight: 64 },
  { payloadBytes: 150, inFlight: 1024 },
]

const streamSet: Scenario = {
  title: 'stream::set, durable, through the whole path',
  unfit: needsOwnEngine,
  async run(session) {
    const reports = []
    for (const load of chooseCases(session.options, CASES)) {
      const job = { kind: 'call', providesFunction: false, rate: session.options.rate, ...load } as const
      const variants: Variant[] = [
        { name: 'engine', target: 'reactive', job: { ...job, workload: 'stream-set', functionId: 'stream::set' } },
        { name: 'state-set', target: 'reactive', job: { ...job, workload: 'state-set', functionId: 'state::set' } },
      ]
      reports.push(await loadCase(session, 'stream-set', 'calls/s', load, variants))
    }
    return reports
  },
}

export default streamSet
