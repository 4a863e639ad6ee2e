// `state-memory`: values written to and read from state in memory, through the whole path: without a disk, what tells is the latency.
import type { CaseReport } from '../../../bench/report.ts'
import { needsOwnEngine, type Scenario } from '../../../bench/scenarios/scenario.ts'
import { runStateCases } from './state-cases.ts'

const stateMemory: Scenario = {
  title: 'state::set and state::get, in memory, through the whole path',
  unfit: needsOwnEngine,
  async run(session): Promise<CaseReport[]> {
    return [
      ...(await runStateCases(session, 'state-set', 'state::set', 'in-memory')),
      ...(await runStateCases(session, 'state-get', 'state::get', 'in-memory')),
    ]
  },
}

export default stateMemory
