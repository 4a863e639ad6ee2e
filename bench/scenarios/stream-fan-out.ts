// `stream-fan-out`: every `stream::set` of a burst goes to each subscriber of a group, all of them WebSocket clients. Reference:
// the naive router, which sends frame by frame. Then calls between two workers, while bursts of a fixed rate go out: what the
// fan-out costs others.
import { chooseCases, type LoadCase } from '../options.ts'
import type { CaseReport } from '../report.ts'
import type { Variant } from '../rounds.ts'
import type { BenchSession } from '../session.ts'
import { rpcBesideFanOut } from './rpc-beside.ts'
import { loadCase, type Scenario } from './scenario.ts'

/** In flight: events in a burst. */
const CASES: readonly LoadCase[] = [
  { payloadBytes: 150, inFlight: 8 },
  { payloadBytes: 150, inFlight: 64 },
]

export const streamFanOut: Scenario = {
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

/** Nothing tells where the stream listener of another engine is. */
function needsStreamListener({ options }: BenchSession): string | undefined {
  const known = options.target === 'engine' || options.target === 'naive'
  return known ? undefined : 'it needs a target that the run starts itself (--target engine)'
}
