// `state-get`: values read through the whole path, each held against what was stored last.
import type { Scenario } from './scenario.ts'
import { runStateCases } from './state.ts'

export const stateGet: Scenario = {
  title: 'state::get through the whole path',
  run: (session) => runStateCases(session, 'state-get', 'state::get'),
}
