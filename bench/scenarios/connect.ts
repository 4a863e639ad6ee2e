// `connect`: workers come all at once, each with functions to register: to an engine that has been running for a while, and to one that has
// just started, whose code the compiler has not seen yet. Reference: the naive router, which accepts the same connections by `ws` and
// parses the same frames.
import type { LoadResult } from '../load/load-job.ts'
import { chooseCases, type LoadCase } from '../options.ts'
import type { CaseReport } from '../report.ts'
import { summarise, type Variant } from '../rounds.ts'
import type { BenchSession } from '../session.ts'
import type { TargetProcess } from '../targets/target-process.ts'
import { loadCase, type Scenario } from './scenario.ts'

const FUNCTIONS = 10
const UNIT = 'registrations/s'
/** Nothing is called, so there is no payload. In flight: workers. */
const CASES: readonly LoadCase[] = [{ payloadBytes: 0, inFlight: 1000 }]

const connect: Scenario = {
  title: `workers that come at once and register ${FUNCTIONS} functions each`,
  async run(session) {
    const reports = []
    for (const { inFlight } of chooseCases({ ...session.options, payloads: undefined }, CASES)) {
      const job = { kind: 'register', inFlight, functions: FUNCTIONS } as const
      const variants: Variant[] = [
        { name: 'engine', target: 'subject', job },
        { name: 'naive', target: 'naive', job },
      ]
      const report = await loadCase(session, 'connect', UNIT, { payloadBytes: 0, inFlight }, variants)
      reports.push({ ...report, name: `connect, ${inFlight} workers with ${FUNCTIONS} functions each` })
      if (session.ownEngine) reports.push(await afterStart(session, inFlight))
    }
    return reports
  },
}

export default connect

/** Each run is the first thing that happens to its target. */
async function afterStart(session: BenchSession, inFlight: number): Promise<CaseReport> {
  const { rounds, progress } = session.options
  const engine: LoadResult[] = []
  const naive: LoadResult[] = []
  for (let round = 1; round <= rounds; round++) {
    progress(`connect, after a start: round ${round} of ${rounds}`)
    engine.push(await firstRun(session, await session.startEngine('plugin'), inFlight))
    naive.push(await firstRun(session, await session.startNaiveRouter(), inFlight))
  }
  const report = summarise(['engine', 'naive'], [engine, naive])
  return { name: `connect after a start, ${inFlight} workers`, unit: UNIT, inFlight, ...report, measures: [] }
}

async function firstRun(session: BenchSession, target: TargetProcess, inFlight: number): Promise<LoadResult> {
  try {
    const { url, pid } = target
    const times = { warmupMs: 0, durationMs: 0 }
    return await session.load.run({ kind: 'register', url, targetPid: pid, inFlight, functions: FUNCTIONS, ...times })
  } finally {
    await target.stop()
  }
}
