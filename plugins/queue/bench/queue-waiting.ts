// `queue-waiting`: what a million jobs that wait cost in memory, and whether further ones are stored as fast as where few wait.
import type { CallJob, LoadResult } from '../../../bench/load/load-job.ts'
import { describeMeasure, measuredCase } from '../../../bench/measures.ts'
import { readTreeUsage } from '../../../bench/measure/process-tree.ts'
import { summarise, type Unaddressed } from '../../../bench/rounds.ts'
import { needsOwnEngine, sizeText, type Scenario } from '../../../bench/scenarios/scenario.ts'
import type { BenchSession, Target } from '../../../bench/session.ts'

const WAITING = 1_000_000
const LOAD = { payloadBytes: 150, inFlight: 64 }
/** While they are stored nothing is measured. */
const FILL = { inFlight: 512, durationMs: 1_000 }
/** Runs in which they must all be stored. */
const MAX_FILL_RUNS = 600
const BYTES_PER_MB = 1_000_000

const queueWaiting: Scenario = {
  title: `jobs stored behind ${WAITING.toLocaleString('en-US')} that wait`,
  unfit: needsOwnEngine,
  async run(session) {
    const few = await session.target('queue')
    const many = await session.startEngine('queue')
    try {
      // Round 0 warms up, before the memory is looked at.
      await store(session, many)
      const before = residentBytes(many)
      const filled = await fill(session, many)
      const added = (residentBytes(many) - before) / BYTES_PER_MB
      const results: [LoadResult[], LoadResult[]] = [[], []]
      for (let round = 0; round <= session.options.rounds; round++) {
        session.options.progress(`queue-waiting: round ${round} of ${session.options.rounds}`)
        for (let turn = 0; turn < 2; turn++) {
          const index = ((turn + round) % 2) as 0 | 1
          const result = await store(session, [many, few][index]!)
          if (round > 0) results[index].push(result)
        }
      }
      const { payloadBytes, inFlight } = LOAD
      const name = `queue-waiting ${sizeText(payloadBytes)}, ${inFlight} in flight`
      const report = summarise(['engine', 'few-waiting'], results)
      const memory = measuredCase(
        'queue-waiting, memory',
        [describeMeasure('added-rss', 'MB', Number.isNaN(added) ? [] : [added])],
        [`for ${filled.toLocaleString('en-US')} jobs of ${sizeText(payloadBytes)}`],
      )
      return [{ name, unit: 'jobs/s', payloadBytes, inFlight, ...report, measures: [] }, memory]
    } finally {
      await many.stop()
    }
  },
}

export default queueWaiting

async function fill(session: BenchSession, target: Target): Promise<number> {
  let stored = 0
  for (let run = 0; run < MAX_FILL_RUNS; run++) {
    session.options.progress(`queue-waiting: ${stored.toLocaleString('en-US')} jobs wait`)
    stored += (await store(session, target, FILL)).verified
    if (stored >= WAITING) return stored
  }
  throw new Error(`Only ${stored} of ${WAITING} jobs were stored in ${MAX_FILL_RUNS} s.`)
}

function store(
  session: BenchSession,
  { url, pid }: Target,
  { inFlight, durationMs }: { inFlight: number; durationMs: number } = {
    inFlight: LOAD.inFlight,
    durationMs: session.options.durationMs,
  },
): Promise<LoadResult> {
  const job: Unaddressed<CallJob> = {
    kind: 'call',
    workload: 'enqueue',
    functionId: 'bench::held',
    providesFunction: false,
    payloadBytes: LOAD.payloadBytes,
    inFlight,
    rate: undefined,
  }
  return session.load.run({ ...job, url, targetPid: pid, warmupMs: durationMs / 3, durationMs })
}

function residentBytes({ pid }: Target): number {
  return (pid === undefined ? undefined : readTreeUsage(pid)?.rssBytes) ?? NaN
}
