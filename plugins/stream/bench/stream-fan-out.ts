// `stream-fan-out`: every `stream::set` of a burst goes to each subscriber of a group, all of them WebSocket clients. Reference:
// the naive router, which sends frame by frame. Then calls between two workers, while bursts of a fixed rate go out: what the
// fan-out costs others.
import { chooseCases, type LoadCase } from '../../../bench/options.ts'
import type { CaseReport } from '../../../bench/report.ts'
import type { Variant } from '../../../bench/rounds.ts'
import type { BenchSession } from '../../../bench/session.ts'
import { rpcBesideFanOut } from '../../../bench/scenarios/rpc-beside.ts'
import { loadCase, type Scenario } from '../../../bench/scenarios/scenario.ts'

/** In flight: events in a burst. */
const CASES: readonly LoadCase[] = [
  { payloadBytes: 150, inFlight: 8 },
  { payloadBytes: 150, inFlight: 64 },
]

const streamFanOut: Scenario = {
  title: 'stream::set to many WebSocket subscribers, in bursts',
  unfit: needsStreamListener,
  async run(session) {
    const { subscribers } = session.options
    const reports: CaseReport[] = []
    for (const load of chooseCases(session.options, CASES)) {
      const job = { kind: 'fan-out', way: 'stream', subscribers, ...load } as const
      const variants: Variant[] = [
        { name: 'engine', target: 'reactive', job },
        { name: 'naive', target: 'naive', job },
      ]
      reports.push(await loadCase(session, `stream-fan-out to ${subscribers}`, 'deliveries/s', load, variants))
    }
    if (session.ownEngine) reports.push(await rpcBesideFanOut(session))
    return reports
  },
}

export default streamFanOut

/** Nothing tells where the stream listener of another engine is. */
function needsStreamListener({ options }: BenchSession): string | undefined {
  const known = options.target === 'engine' || options.target === 'naive'
  return known ? undefined : 'it needs a target that the run starts itself (--target engine)'
}
