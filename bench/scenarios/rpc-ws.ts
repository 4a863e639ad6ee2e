// `rpc-ws`: as `rpc`, with clients that nobody prepared: `ws` and JSON at both ends. References: a WebSocket echo, and the naive router.
import { chooseCases, type LoadCase } from '../options.ts'
import type { Variant } from '../rounds.ts'
import { WORKER_FUNCTION, loadCase, type Scenario } from './scenario.ts'

const CASES: readonly LoadCase[] = [{ payloadBytes: 150, inFlight: 64 }]

const rpcWs: Scenario = {
  title: 'worker → engine → worker, both with ws and JSON',
  async run(session) {
    const reports = []
    for (const load of chooseCases(session.options, CASES)) {
      const job = { kind: 'ws-call', functionId: WORKER_FUNCTION, ...load } as const
      const routed = { ...job, workload: 'echo', providesFunction: true } as const
      const variants: Variant[] = [
        { name: 'engine', target: 'subject', job: routed },
        { name: 'ws-echo', target: 'ws-echo', job: { ...job, workload: 'mirror', providesFunction: false } },
        { name: 'naive', target: 'naive', job: routed },
      ]
      reports.push(await loadCase(session, 'rpc-ws', 'calls/s', load, variants))
    }
    return reports
  },
}

export default rpcWs
