// `session-connect`: sessions that come and go, each asked for by an auth function, while two workers call one another. Reference: a
// bare WebSocket server, which asks nobody and says nothing.
import type { LoadResult } from '../../../bench/load/load-job.ts'
import { describeMeasure } from '../../../bench/measures.ts'
import { summarise } from '../../../bench/rounds.ts'
import { needsOwnEngine, WORKER_FUNCTION, type Scenario } from '../../../bench/scenarios/scenario.ts'
import type { BenchSession } from '../../../bench/session.ts'

const IN_FLIGHT = 64
const PAYLOAD_BYTES = 150
/** Little enough that an engine with nothing else to do is at rest nearly all the time. */
const CALLS_PER_SECOND = 1_000
/** Connections come for this much longer than calls, which start a little later. */
const MARGIN_MS = 500

interface Round {
  readonly connects: LoadResult
  readonly rpc: LoadResult
}

const sessionConnect: Scenario = {
  title: 'sessions that connect, with an auth function',
  unfit: needsOwnEngine,
  async run(session) {
    const { rounds, progress } = session.options
    const engine: Round[] = []
    const bare: LoadResult[] = []
    for (let round = 0; round <= rounds; round++) {
      progress(round === 0 ? 'session-connect: warming up' : `session-connect: round ${round} of ${rounds}`)
      const steps = [
        async () => engine.push(await guarded(session)),
        async () => bare.push(await connects(session, 'ws-echo')),
      ]
      if (round % 2 === 1) steps.reverse()
      for (const step of steps) await step()
    }
    const measured = engine.slice(1)
    const report = summarise(['engine', 'ws'], [measured.map(({ connects: one }) => one), bare.slice(1)])
    // By the clock alone: of the processor time of the engine a part went into the calls.
    const slower = measured.map(({ connects: one }, index) => perSecond(bare[index + 1]!) / perSecond(one))
    const rpc = measured.map(({ rpc: one }) => one)
    const measure = (name: string, unit: string, of: (one: LoadResult) => number) =>
      describeMeasure(name, unit, rpc.map(of))
    return [
      {
        name: `session-connect, ${IN_FLIGHT} in flight`,
        unit: 'connects/s',
        inFlight: IN_FLIGHT,
        ...report,
        measures: [
          describeMeasure('bare ws / engine', '×', slower),
          measure('rpc meanwhile', '/s', perSecond),
          measure('rpc p50 meanwhile', 'ms', ({ latencyMicros }) => latencyMicros.p50 / 1000),
          measure('rpc p99 meanwhile', 'ms', ({ latencyMicros }) => latencyMicros.p99 / 1000),
          measure('rpc longest meanwhile', 'ms', ({ latencyMicros }) => latencyMicros.max / 1000),
          measure('rpc lost meanwhile', '', ({ unanswered, wrong }) => unanswered + Object.values(wrong).length),
        ].filter((one) => one !== undefined),
        notes: [`beside ${CALLS_PER_SECOND} calls/s between two workers of the plain listener`, ...report.notes],
      },
    ]
  },
}

export default sessionConnect

function perSecond({ verified, elapsedMs }: LoadResult): number {
  return (verified / elapsedMs) * 1000
}

async function guarded(session: BenchSession): Promise<Round> {
  const { durationMs } = session.options
  const { url, pid } = await session.target('guarded')
  const calls = await session.secondLoad()
  const started = Promise.withResolvers<void>()
  const connecting = connects(session, 'guarded', started.resolve)
  await Promise.race([started.promise, connecting])
  const calling = calls.run({
    url,
    targetPid: pid,
    warmupMs: durationMs / 3,
    durationMs,
    kind: 'call',
    workload: 'echo',
    functionId: WORKER_FUNCTION,
    providesFunction: true,
    payloadBytes: PAYLOAD_BYTES,
    inFlight: 1,
    rate: CALLS_PER_SECOND,
  })
  // If one fails the other must not be left running into the next round.
  await Promise.allSettled([connecting, calling])
  return { connects: await connecting, rpc: await calling }
}

async function connects(
  session: BenchSession,
  name: 'guarded' | 'ws-echo',
  onStarted: () => void = () => {},
): Promise<LoadResult> {
  const { durationMs } = session.options
  const { url, publicUrl, pid } = await session.target(name)
  const job = { kind: 'connect', way: 'churn', inFlight: IN_FLIGHT, isGreeted: publicUrl !== undefined } as const
  const times = { warmupMs: durationMs / 3, durationMs: durationMs + MARGIN_MS }
  return session.load.run({ ...job, ...times, url: publicUrl ?? url, targetPid: pid }, onStarted)
}
