// `session-rpc`: a session calls a function of another session, on a listener with `rbac`. Reference: the same on a plain listener of the
// same engine.
import { chooseCases, type LoadCase } from '../../../bench/options.ts'
import type { Variant } from '../../../bench/rounds.ts'
import { loadCase, needsOwnEngine, WORKER_FUNCTION, type Scenario } from '../../../bench/scenarios/scenario.ts'

const CASES: readonly LoadCase[] = [
  { payloadBytes: 150, inFlight: 64 },
  { payloadBytes: 4096, inFlight: 64 },
]

const sessionRpc: Scenario = {
  title: 'session → engine → session, with rbac',
  unfit: needsOwnEngine,
  async run(session) {
    const reports = []
    for (const load of chooseCases(session.options, CASES)) {
      const called = { kind: 'call', workload: 'echo', functionId: WORKER_FUNCTION, providesFunction: true } as const
      const job = { ...called, rate: session.options.rate, ...load } as const
      const variants: Variant[] = [
        { name: 'engine', target: 'guarded', listener: 'public', job },
        { name: 'plain', target: 'guarded', job },
      ]
      reports.push(await loadCase(session, 'session-rpc', 'calls/s', load, variants))
    }
    return reports
  },
}

export default sessionRpc
