// `state-get`: values read through the whole path, each held against what was stored last.
import type { Scenario } from '../../../bench/scenarios/scenario.ts'
import { runStateCases } from './state-cases.ts'

const stateGet: Scenario = {
  title: 'state::get through the whole path',
  run: (session) => runStateCases(session, 'state-get', 'state::get'),
}

export default stateGet
