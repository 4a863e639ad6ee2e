// The second half of `stream-fan-out`: calls between two workers while a stream sends bursts to its subscribers at a fixed rate.
// Reference: an engine that runs the stream listener in the router thread. The calls come from a process of their own, since the one
// that reads the frames of all subscribers is busy with them.
import type { LoadResult } from '../load/load-job.ts'
import { describeMeasure } from '../measures.ts'
import type { CaseReport } from '../report.ts'
import { summarise } from '../rounds.ts'
import type { BenchSession, TargetName } from '../session.ts'
import { WORKER_FUNCTION } from './scenario.ts'

export const RPC_MEANWHILE = 'stream-fan-out, rpc meanwhile'

const PAYLOAD_BYTES = 150
const EVENTS_PER_BURST = 8
const BURSTS_PER_SECOND = 10
/** Little enough that a router with nothing else to do is at rest nearly all the time. */
const CALLS_PER_SECOND = 1_000
/** The bursts go on for this much longer than the calls, which start a little later. */
const MARGIN_MS = 500
/** Above this the two variants did not do the same work; a round may hold one burst more than another. */
const UNEQUAL = 0.15

const VARIANTS = [
  { name: 'engine', target: 'reactive' },
  { name: 'router-thread', target: 'stream-inline' },
] as const satisfies readonly { name: string; target: TargetName }[]

interface Round {
  readonly rpc: LoadResult
  readonly deliveriesPerSecond: number
}

export async function rpcBesideFanOut(session: BenchSession): Promise<CaseReport> {
  const { rounds, progress, subscribers } = session.options
  const results: Round[][] = VARIANTS.map(() => [])
  for (let round = 0; round <= rounds; round++) {
    progress(round === 0 ? `${RPC_MEANWHILE}: warming up` : `${RPC_MEANWHILE}: round ${round} of ${rounds}`)
    for (let turn = 0; turn < VARIANTS.length; turn++) {
      const index = (turn + round) % VARIANTS.length
      const result = await runOnce(session, VARIANTS[index]!.target)
      if (round > 0) results[index]!.push(result)
    }
  }
  const report = summarise(
    VARIANTS.map(({ name }) => name),
    results.map((rounds) => rounds.map(({ rpc }) => rpc)),
  )
  const deliveries = VARIANTS.map(({ name }, index) =>
    describeMeasure(
      `deliveries, ${name}`,
      '/s',
      results[index]!.map(({ deliveriesPerSecond }) => deliveriesPerSecond),
    ),
  ).filter((measure) => measure !== undefined)
  const [one = 0, other = 0] = deliveries.map(({ median }) => median)
  const unequal = Math.abs(one - other) > UNEQUAL * Math.max(one, other)
  return {
    name: `${RPC_MEANWHILE} ${PAYLOAD_BYTES} B, ${CALLS_PER_SECOND}/s offered`,
    unit: 'calls/s',
    payloadBytes: PAYLOAD_BYTES,
    rate: CALLS_PER_SECOND,
    ...report,
    measures: deliveries,
    notes: [
      `beside ${BURSTS_PER_SECOND} bursts/s of ${EVENTS_PER_BURST} events to ${subscribers} subscribers`,
      ...(unequal ? ['the two variants did not deliver the same: their latencies are not comparable'] : []),
      ...report.notes,
    ],
  }
}

async function runOnce(session: BenchSession, target: TargetName): Promise<Round> {
  const { durationMs, subscribers } = session.options
  const { url, streamUrl, pid } = await session.target(target)
  const times = { url, targetPid: pid, warmupMs: durationMs / 3 }
  const calls = await session.secondLoad()
  const started = Promise.withResolvers<void>()
  const fanOut = session.load.run(
    {
      ...times,
      kind: 'fan-out',
      way: 'stream',
      streamUrl,
      subscribers,
      payloadBytes: PAYLOAD_BYTES,
      inFlight: EVENTS_PER_BURST,
      burstsPerSecond: BURSTS_PER_SECOND,
      durationMs: durationMs + MARGIN_MS,
    },
    started.resolve,
  )
  await Promise.race([started.promise, fanOut])
  const calling = calls.run({
    ...times,
    kind: 'call',
    workload: 'echo',
    functionId: WORKER_FUNCTION,
    providesFunction: true,
    payloadBytes: PAYLOAD_BYTES,
    inFlight: 1,
    rate: CALLS_PER_SECOND,
    durationMs,
  })
  // If one fails the other must not be left running into the next round.
  await Promise.allSettled([fanOut, calling])
  const [events, rpc] = await Promise.all([fanOut, calling])
  return {
    // Of the CPU time of the target most went into the fan-out: per call it would say nothing.
    rpc: {
      ...rpc,
      wrong: { ...events.wrong, ...rpc.wrong },
      unanswered: rpc.unanswered + events.unanswered,
      targetCpuMicros: undefined,
    },
    deliveriesPerSecond: (events.verified / events.elapsedMs) * 1000,
  }
}
