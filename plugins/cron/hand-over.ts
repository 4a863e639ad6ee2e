// What a generation leaves to the next one, so that a fire that falls between them is neither lost nor doubled: a small file,
// read once. What is older than a minute is no gap between generations, and its fires count as missed.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PluginLog } from '../../sdk/plugin.ts'

export interface JobHandOver {
  readonly expression: string
  readonly timezone: string
  /** Seconds since the epoch: everything up to here is done with, apart from `pending`. */
  readonly after: number
  /** Seconds that were due, and whose handler was not called. */
  readonly pending: readonly number[]
}

interface HandOverFileContent {
  readonly stopped_at: number
  readonly jobs: Readonly<Record<string, JobHandOver>>
}

/** Longest gap between generations. */
export const LONGEST_GAP_MS = 60_000

const NAME = 'hand-over.json'

export function writeHandOver(
  folder: string,
  stoppedAt: number,
  jobs: ReadonlyMap<string, JobHandOver>,
  log: PluginLog,
): void {
  const file = join(folder, NAME)
  const content: HandOverFileContent = { stopped_at: stoppedAt, jobs: Object.fromEntries(jobs) }
  try {
    // In place: its one reader starts when this is done, and ignores half a file of an engine that was killed here.
    writeFileSync(file, JSON.stringify(content))
  } catch (error) {
    log.warn('What is due during the change of generation is missed: the hand-over can not be written.', {
      file,
      error: (error as Error).message,
    })
  }
}

/** Empty when there is none, or none of use. To be called when the first binding comes: it goes to those that come with it. */
export function takeHandOver(folder: string, now: number, log: PluginLog): Map<string, JobHandOver> {
  const file = join(folder, NAME)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
    // Gone before anything fires by it: a generation that crashes is not followed by one that fires it all again.
    rmSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn('The hand-over of the previous generation can not be read.', { file, error: (error as Error).message })
    return new Map()
  }
  const content = parse(text)
  if (content === undefined) {
    log.warn('The hand-over of the previous generation is damaged and was ignored.', { file })
    return new Map()
  }
  return Math.abs(now - content.stopped_at) <= LONGEST_GAP_MS ? new Map(Object.entries(content.jobs)) : new Map()
}

function parse(text: string): HandOverFileContent | undefined {
  try {
    const content = JSON.parse(text) as Partial<HandOverFileContent> | null
    if (typeof content?.stopped_at !== 'number' || typeof content.jobs !== 'object' || content.jobs === null) return
    return Object.values(content.jobs).every(isJobHandOver) ? (content as HandOverFileContent) : undefined
  } catch {
    return undefined
  }
}

function isJobHandOver(value: Partial<JobHandOver> | null): boolean {
  return typeof value?.after === 'number' && Array.isArray(value.pending) && value.pending.every(Number.isInteger)
}
