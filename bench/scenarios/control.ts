// `control`: functions come and go. A cycle is one registration, one call that proves it, one removal.
import { chooseCases, type LoadCase } from '../options.ts'
import type { Variant } from '../rounds.ts'
import { loadCase, type Scenario } from './scenario.ts'

/** The payload is fixed: what is measured is the registry. */
const PAYLOAD_BYTES = 150
const CASES: readonly LoadCase[] = [{ payloadBytes: PAYLOAD_BYTES, inFlight: 64 }]

const control: Scenario = {
  title: 'register, call, unregister',
  async run(session) {
    const reports = []
    for (const load of chooseCases({ ...session.options, payloads: undefined }, CASES)) {
      const job = { kind: 'control', inFlight: load.inFlight } as const
      const variants: Variant[] = [
        { name: 'engine', target: 'subject', job },
        { name: 'naive', target: 'naive', job },
      ]
      reports.push(await loadCase(session, 'control', 'cycles/s', load, variants))
    }
    return reports
  },
}

export default control
