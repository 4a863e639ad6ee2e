// `rpc`: a worker calls a function of another worker. References: a WebSocket echo, and the naive router.
import { chooseCases, type LoadCase } from '../options.ts'
import type { Variant } from '../rounds.ts'
import { WORKER_FUNCTION, loadCase, type Scenario } from './scenario.ts'

const CASES: readonly LoadCase[] = [
  { payloadBytes: 150, inFlight: 1 },
  { payloadBytes: 150, inFlight: 64 },
  { payloadBytes: 150, inFlight: 1024 },
  { payloadBytes: 4096, inFlight: 64 },
  { payloadBytes: 65_536, inFlight: 64 },
]

const rpc: Scenario = {
  title: 'worker → engine → worker',
  async run(session) {
    const reports = []
    for (const load of chooseCases(session.options, CASES)) {
      const job = { kind: 'call', functionId: WORKER_FUNCTION, rate: session.options.rate, ...load } as const
      const routed = { ...job, workload: 'echo', providesFunction: true } as const
      const variants: Variant[] = [
        { name: 'engine', target: 'subject', job: routed },
        { name: 'ws-echo', target: 'ws-echo', job: { ...job, workload: 'mirror', providesFunction: false } },
        { name: 'naive', target: 'naive', job: routed },
      ]
      reports.push(await loadCase(session, 'rpc', 'calls/s', load, variants))
    }
    return reports
  },
}

export default rpc
