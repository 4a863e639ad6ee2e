// `state-set`: values stored durably through the whole path, each different from the one that it replaces.
import type { Scenario } from '../../../bench/scenarios/scenario.ts'
import { runStateCases } from './state-cases.ts'

const stateSet: Scenario = {
  title: 'state::set, durable, through the whole path',
  run: (session) => runStateCases(session, 'state-set', 'state::set'),
}

export default stateSet
