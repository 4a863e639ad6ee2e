// Follows `engine::logs::tail` or `engine::events::tail` over one connection and prints what comes, until the user or the reader of the
// output has enough. Nothing piles up: the engine is asked again when all that came has been written.
import { EngineConnection, type EngineAddress } from './engine-client.ts'
import { CommandFailure } from './exit-codes.ts'
import { OutputReader } from './output-reader.ts'

/** The engine answers after that, with nothing if nothing has come. */
const WAIT_MS = 25_000
/** Entries of one answer. */
const PAGE = 500

export interface TailOptions {
  readonly at: EngineAddress
  readonly timeoutMs: number
  readonly functionId: string
  /** Member of the answer that holds the entries. */
  readonly entries: string
  readonly filter: Readonly<Record<string, unknown>>
  /** How many of the newest are shown at first. */
  readonly newest: number
  readonly isFollowing: boolean
  /** Called when the first answer is there. */
  readonly onConnected?: () => void
  /** A line without its break; undefined = not shown. */
  readonly line: (entry: unknown) => string | undefined
}

interface Page {
  readonly entries: readonly unknown[]
  readonly next: number
  readonly missed: number
}

/** Resolves when all has been printed, or when Ctrl-C or SIGTERM ends the following. @throws as `invokeOnce` */
export async function printTail({
  at,
  timeoutMs,
  newest,
  isFollowing,
  onConnected,
  line,
  ...tail
}: TailOptions): Promise<void> {
  const connection = new EngineConnection(at, timeoutMs)
  const stop = stopWish()
  const reader = new OutputReader()
  const ask = async (input: Readonly<Record<string, unknown>>, waitMs: number): Promise<Page | undefined> => {
    const data = { ...tail.filter, ...input, ...(waitMs > 0 && { wait_ms: waitMs }) }
    const answer = connection.invoke({ functionId: tail.functionId, data, timeoutMs: timeoutMs + waitMs })
    const answered = await Promise.race([answer, stop.wished])
    return answered === STOP ? undefined : pageOf(answered, tail)
  }
  try {
    let page = await ask({ limit: newest }, 0)
    onConnected?.()
    while (page !== undefined) {
      if (page.missed > 0) console.error(`(${page.missed} missed: they came faster than they were shown)`)
      const lines = page.entries.flatMap((entry) => line(entry) ?? [])
      if (!(await reader.take(lines, stop.wished)) || !isFollowing) return
      page = await ask({ after: page.next, limit: PAGE }, WAIT_MS)
    }
  } finally {
    stop.close()
    connection.end()
  }
}

const STOP = Symbol('stop')

function stopWish(): { readonly wished: Promise<typeof STOP>; close(): void } {
  const { promise: wished, resolve } = Promise.withResolvers<typeof STOP>()
  const stop = (): void => resolve(STOP)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  return {
    wished,
    close: () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop)
    },
  }
}

function pageOf(answer: unknown, { functionId, entries: member }: Pick<TailOptions, 'functionId' | 'entries'>): Page {
  const { [member]: entries, next, missed = 0 } = (answer ?? {}) as Readonly<Record<string, unknown>>
  if (!Array.isArray(entries) || typeof next !== 'number') {
    throw new CommandFailure(`Error: ${functionId} answered without '${member}' and 'next'; is this an iii engine?`)
  }
  return { entries, next, missed: Number(missed) }
}
