// `session-memory`: what ten thousand sessions cost that are connected and do nothing. Reference: a bare WebSocket server. Each round has
// processes of its own: what one has once taken it does not give back.
import { readTreeUsage } from '../../../bench/measure/process-tree.ts'
import { describeMeasure, measuredCase } from '../../../bench/measures.ts'
import { needsOwnEngine, type Scenario } from '../../../bench/scenarios/scenario.ts'
import type { BenchSession } from '../../../bench/session.ts'
import type { TargetProcess } from '../../../bench/targets/target-process.ts'

const SESSIONS = 10_000
/** After they have come, what was needed for that is collected. */
const SETTLE_MS = 2_000

const sessionMemory: Scenario = {
  title: `${SESSIONS.toLocaleString('en-US')} sessions at rest`,
  unfit: needsOwnEngine,
  async run(session) {
    const { rounds, progress } = session.options
    const engine: number[] = []
    const bare: number[] = []
    for (let round = 1; round <= rounds; round++) {
      progress(`session-memory: round ${round} of ${rounds}`)
      engine.push(...(await perSession(session, await session.startEngine('guarded'))))
      bare.push(...(await perSession(session, await session.startWebSocketEcho())))
    }
    const ratios = engine.map((bytes, round) => bytes / bare[round]!)
    return [
      measuredCase('session-memory', [
        describeMeasure('per-session', 'KB', engine),
        describeMeasure('bare ws', 'KB', bare),
        describeMeasure('of bare ws', '×', ratios),
      ]),
    ]
  },
}

export default sessionMemory

/** Nothing where the memory of a process cannot be read. */
async function perSession(session: BenchSession, target: TargetProcess): Promise<number[]> {
  try {
    const { url, publicUrl, pid } = target
    const before = readTreeUsage(pid)
    const job = { kind: 'connect', way: 'hold', inFlight: SESSIONS, isGreeted: publicUrl !== undefined } as const
    const times = { warmupMs: SETTLE_MS, durationMs: 0 }
    const { targetRssBytes } = await session.load.run({ ...job, ...times, url: publicUrl ?? url, targetPid: pid })
    if (before === undefined || targetRssBytes === undefined) return []
    return [(targetRssBytes - before.rssBytes) / SESSIONS / 1024]
  } finally {
    await target.stop()
  }
}
