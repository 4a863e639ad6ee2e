// `http-bulk`: a gigabyte up to a worker, and one down from it, through the channels of a request. What it costs in memory must not depend
// on how much is sent.
import type { BulkJob, LoadResult } from '../../../bench/load/load-job.ts'
import { describeMeasure, measuredCase } from '../../../bench/measures.ts'
import { readTreeUsage } from '../../../bench/measure/process-tree.ts'
import type { CaseReport } from '../../../bench/report.ts'
import { needsOwnEngine, type Scenario } from '../../../bench/scenarios/scenario.ts'
import type { BenchSession } from '../../../bench/session.ts'

const BYTES = 1_000_000_000
/** Before the memory is looked at. */
const WARM_UP_BYTES = 50_000_000
const BYTES_PER_MB = 1_000_000

const httpBulk: Scenario = {
  title: '1 GB through channels over HTTP',
  unfit: needsOwnEngine,
  async run(session) {
    return [await measure(session, 'upload'), await measure(session, 'download')]
  },
}

export default httpBulk

async function measure(session: BenchSession, way: BulkJob['way']): Promise<CaseReport> {
  const { rounds, progress } = session.options
  await transfer(session, way, WARM_UP_BYTES)
  const { pid } = await session.target('http')
  const before = (pid === undefined ? undefined : readTreeUsage(pid)?.rssBytes) ?? Number.NaN
  const speeds: number[] = []
  const added: number[] = []
  for (let round = 1; round <= rounds; round++) {
    progress(`http-bulk ${way}: round ${round} of ${rounds}`)
    const { verified, elapsedMs, targetRssBytes, wrong } = await transfer(session, way, BYTES)
    speeds.push(verified / BYTES_PER_MB / (elapsedMs / 1000))
    if (targetRssBytes !== undefined) added.push((targetRssBytes - before) / BYTES_PER_MB)
    for (const reason of Object.keys(wrong)) throw new Error(`The ${way} was damaged: ${reason}, ${wrong[reason]}.`)
  }
  return measuredCase(`http-bulk ${way}`, [
    describeMeasure('speed', 'MB/s', speeds),
    describeMeasure('added-rss', 'MB', added),
  ])
}

async function transfer(session: BenchSession, way: BulkJob['way'], bytes: number): Promise<LoadResult> {
  const { url, httpUrl, pid } = await session.target('http')
  const job = { kind: 'bulk', way, path: `/bench/${way}`, bytes, warmupMs: 0, durationMs: 0 } as const
  return session.load.run({ ...job, url, httpUrl, targetPid: pid })
}
