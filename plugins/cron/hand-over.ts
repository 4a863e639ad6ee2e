// What a generation leaves to the next one, so that a fire that falls between them is neither lost nor doubled. What is older than a minute
// is no gap between generations, and its fires count as missed.
import { join } from 'node:path'
import { isRecord } from '../../base/values/is-record.ts'
import * as handOver from '../../kit/generations/hand-over-file.ts'
import type { PluginLog } from '../../sdk/plugin.ts'

export interface JobHandOver {
  readonly expression: string
  readonly timezone: string
  /** Seconds since the epoch: everything up to here is done with, apart from `pending`. */
  readonly after: number
  /** Seconds that were due, and whose handler was not called. */
  readonly pending: readonly number[]
}

const NAME = 'hand-over.json'

export function writeHandOver(
  folder: string,
  stoppedAt: number,
  jobs: ReadonlyMap<string, JobHandOver>,
  log: PluginLog,
): void {
  const lost = 'What is due during the change of generation is missed'
  handOver.writeHandOver(join(folder, NAME), { jobs: Object.fromEntries(jobs) }, lost, stoppedAt, log)
}

/** Empty when there is none, or none of use. To be called when the first binding comes: it goes to those that come with it. */
export function takeHandOver(folder: string, now: number, log: PluginLog): Map<string, JobHandOver> {
  const isWhole = ({ jobs }: Readonly<Record<string, unknown>>): boolean =>
    isRecord(jobs) && Object.values(jobs).every(isJobHandOver)
  const content = handOver.takeHandOver<{ jobs: Record<string, JobHandOver> }>(join(folder, NAME), isWhole, now, log)
  return new Map(Object.entries(content?.jobs ?? {}))
}

function isJobHandOver(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value['after'] === 'number' &&
    Array.isArray(value['pending']) &&
    value['pending'].every(Number.isInteger)
  )
}
