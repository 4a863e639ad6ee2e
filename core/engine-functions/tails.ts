// `engine::logs::tail` and `engine::events::tail`: the newest lines of the log and events of the engine, and those that are still to come.
// A reader asks again with what it got as `next`; whoever asks too rarely misses some and is told how many.
import { CodedError } from '../../protocol/errors.ts'
import { INTEGER, OBJECTS, objectSchema, reading, STRING, type EngineFunction } from '../model/engine-function.ts'
import type { Input } from '../model/input.ts'
import type { LogMark } from '../telemetry/log-tail.ts'
import type { Tail, TailPart } from '../telemetry/tail.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

/** One answer holds no more. */
export const MAX_LIMIT = 1_000
/** How long a call waits at most for something to come. */
export const MAX_WAIT_MS = 30_000

const PAGING = { after: INTEGER, limit: INTEGER, wait_ms: INTEGER } as const
const PAGE = { next: INTEGER, missed: INTEGER, timestamp: INTEGER } as const

export function tailFunctions({ logTail, events }: Pick<Telemetry, 'logTail' | 'events'>): EngineFunction[] {
  return [
    {
      id: 'engine::logs::tail',
      description:
        'The newest lines of the log, oldest first, those of workers and plugins included; with `after`, those behind it, for which it waits up to `wait_ms`',
      requestFormat: objectSchema({
        ...PAGING,
        start_time: INTEGER,
        severity_min: INTEGER,
        trace_id: STRING,
        span_id: STRING,
        worker: STRING,
      }),
      responseFormat: objectSchema({ logs: OBJECTS, ...PAGE }),
      handler: reading('engine::logs::tail', async (input) => {
        const { entries, ...page } = await read(logTail, input, logFilter(input))
        return { logs: entries, ...page }
      }),
    },
    {
      id: 'engine::events::tail',
      description:
        'The newest events of the engine, oldest first: workers that come and go, functions, failed calls, plugins; with `after`, those behind it, for which it waits up to `wait_ms`',
      requestFormat: objectSchema(PAGING),
      responseFormat: objectSchema({ events: OBJECTS, ...PAGE }),
      handler: reading('engine::events::tail', async (input) => {
        const { entries, ...page } = await read(events.tail, input, () => true)
        return { events: entries, ...page }
      }),
    },
  ]
}

/** All that is given must hold. `worker`: name or id of a worker, or name of a plugin. */
function logFilter(input: Input): (mark: LogMark) => boolean {
  const startTime = input.number('start_time') ?? -Infinity
  const severityMin = input.number('severity_min') ?? 0
  const traceId = input.string('trace_id')
  const spanId = input.string('span_id')
  const worker = input.string('worker')
  return (mark) =>
    mark.time >= startTime &&
    mark.severity >= severityMin &&
    (traceId === undefined || mark.traceId === traceId) &&
    (spanId === undefined || mark.spanId === spanId) &&
    (worker === undefined || mark.names.includes(worker))
}

async function read<Mark>(tail: Tail<Mark>, input: Input, matches: (mark: Mark) => boolean) {
  const after = input.number('after')
  const limit = Math.min(input.unsigned32('limit') ?? 100, MAX_LIMIT)
  const waitMs = Math.min(input.unsigned32('wait_ms') ?? 0, MAX_WAIT_MS)
  const part = after === undefined ? tail.read({ limit, matches }) : await wait(tail, { after, limit, matches }, waitMs)
  const entries = part.entries.map((json) => JSON.parse(json) as unknown)
  return { entries, next: part.next, missed: part.missed, timestamp: Date.now() }
}

async function wait<Mark>(
  tail: Tail<Mark>,
  read: Parameters<Tail<Mark>['readOrWait']>[0],
  ms: number,
): Promise<TailPart> {
  try {
    return await tail.readOrWait(read, ms)
  } catch (error) {
    throw error instanceof RangeError ? new CodedError('overloaded', error.message, { cause: error }) : error
  }
}
