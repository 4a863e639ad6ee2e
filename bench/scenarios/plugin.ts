// `plugin`: a worker calls a function of a plugin thread. References: the same handler in the router thread, and in a thread
// behind `postMessage` of JSON strings in place of the ring.
import { chooseCases, type LoadCase } from '../options.ts'
import type { Variant } from '../rounds.ts'
import { PLUGIN_FUNCTION, loadCase, needsOwnEngine, type Scenario } from './scenario.ts'

const CASES: readonly LoadCase[] = [
  { payloadBytes: 150, inFlight: 1 },
  { payloadBytes: 150, inFlight: 64 },
  { payloadBytes: 4096, inFlight: 64 },
]

const plugin: Scenario = {
  title: 'worker → engine → plugin thread → worker',
  unfit: needsOwnEngine,
  async run(session) {
    const reports = []
    for (const load of chooseCases(session.options, CASES)) {
      const job = {
        kind: 'call',
        workload: 'echo',
        functionId: PLUGIN_FUNCTION,
        providesFunction: false,
        rate: session.options.rate,
        ...load,
      } as const
      const variants: Variant[] = [
        { name: 'engine', target: 'subject', job },
        { name: 'inline', target: 'inline', job },
        { name: 'post-message', target: 'post-message', job },
      ]
      reports.push(await loadCase(session, 'plugin', 'calls/s', load, variants))
    }
    return reports
  },
}

export default plugin
