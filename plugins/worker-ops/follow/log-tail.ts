// Follows the logs of a worker: what has come since a cursor, or what comes within a while.
import { stripVTControlCharacters } from 'node:util'
import { PathWatch } from '../../../base/files/path-watch.ts'
import { LOG_STREAMS, lastLines, linesSince, type LogPage } from './log-files.ts'

/** Lines that come one after the other are told together. */
const COLLECT_MS = 30
/** Where a folder can't be watched, and for what a watch has not told. */
const LOOK_AGAIN_MS = 1_000
/** The longest that one call waits. */
export const MAX_WAIT_MS = 25_000

export interface LogTailInput {
  readonly folder: string
  /** `next` of the page before; undefined: the first page. */
  readonly after?: string | undefined
  /** Lines of each stream on the first page. */
  readonly tail: number
  /** How long to wait where there is nothing yet. */
  readonly waitMs: number
  /** Terminal sequences stay in. */
  readonly raw: boolean
  readonly stopped?: AbortSignal
}

export async function tailLogs({ folder, after, tail, waitMs, raw, stopped }: LogTailInput): Promise<LogPage> {
  const read = async (): Promise<LogPage> => {
    const page = after === undefined ? await lastLines(folder, tail) : await linesSince(folder, after)
    return raw ? page : { ...page, lines: page.lines.map(plain) }
  }
  const deadline = performance.now() + Math.min(waitMs, MAX_WAIT_MS)
  let page = await read()
  if (after === undefined || isNews(page) || waitMs === 0) return page
  const change = changeOf(folder, stopped)
  try {
    for (;;) {
      page = await read()
      const left = deadline - performance.now()
      if (isNews(page) || left <= 0 || stopped?.aborted === true) return page
      await change.next(Math.min(left, LOOK_AGAIN_MS))
    }
  } finally {
    change.close()
  }
}

function isNews({ lines, missed, more }: LogPage): boolean {
  return lines.length > 0 || missed || more
}

function plain({ stream, line }: LogPage['lines'][number]): LogPage['lines'][number] {
  return { stream, line: stripVTControlCharacters(line) }
}

/** `next` resolves a moment after something has happened to the files, or when the time is over. */
function changeOf(
  folder: string,
  stopped: AbortSignal | undefined,
): { next(ms: number): Promise<void>; close(): void } {
  let isDue = false
  let wake: () => void = () => {}
  const told = (): void => {
    isDue = true
    wake()
  }
  const watch = new PathWatch({ onEvent: told })
  watch.follow(new Set(LOG_STREAMS.map((stream) => `${folder}/${stream}.log`)))
  stopped?.addEventListener('abort', told, { once: true })
  return {
    async next(ms) {
      if (!isDue) await wait(ms, (resolve) => (wake = resolve))
      isDue = false
      if (stopped?.aborted !== true) await wait(COLLECT_MS, () => {})
    },
    close() {
      stopped?.removeEventListener('abort', told)
      watch.close()
    },
  }
}

function wait(ms: number, begun: (resolve: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    begun(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
