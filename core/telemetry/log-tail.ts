// The newest lines of the engine's log, those of plugins and workers included, as records of the shape that `engine::logs::list` of an
// observability worker has (spec 07 E.0): who reads one reads the other.
import type { LogLine, LogLines } from '../log.ts'
import { cutText, MAX_BODY_CHARACTERS } from './log-export.ts'
import { Tail } from './tail.ts'

/** Longest JSON of the attributes of one record; what is longer is left out of it. */
const MAX_ATTRIBUTES_CHARACTERS = 16 * 1024
const NANOSECONDS = 1_000_000

const SEVERITY: Readonly<Record<LogLine['level'], number>> = { trace: 1, debug: 5, info: 9, warn: 13, error: 17 }

/** What a record can be chosen by. */
export interface LogMark {
  readonly severity: number
  /** Milliseconds since 1970. */
  readonly time: number
  readonly traceId: string | undefined
  readonly spanId: string | undefined
  /** Names of the worker or plugin that it is of. */
  readonly names: readonly string[]
}

export class LogTail extends Tail<LogMark> {
  /** @returns how to stop following the log */
  follow(log: LogLines): () => void {
    return log.onLine((line) => {
      const { level, time, fields } = line
      const mark: LogMark = {
        severity: SEVERITY[level],
        time,
        traceId: textIn(fields, 'trace_id'),
        spanId: textIn(fields, 'span_id'),
        names: ['worker', 'plugin', 'service', 'worker_id'].flatMap((field) => textIn(fields, field) ?? []),
      }
      this.add(mark, recordOf(line, mark))
    })
  }
}

function recordOf({ level, message, fields, time }: LogLine, { traceId, spanId }: LogMark): string {
  const { trace_id: _trace, span_id: _span, service, ...attributes } = fields
  const head = JSON.stringify({
    timestamp_unix_nano: time * NANOSECONDS,
    observed_timestamp_unix_nano: time * NANOSECONDS,
    severity_number: SEVERITY[level],
    severity_text: level.toUpperCase(),
    body: cutText(message, MAX_BODY_CHARACTERS),
    trace_id: traceId ?? null,
    span_id: spanId ?? null,
    resource: {},
    service_name: typeof service === 'string' ? service : 'iii',
  })
  return `${head.slice(0, -1)},"attributes":${attributesText(attributes)}}`
}

function attributesText(attributes: Readonly<Record<string, unknown>>): string {
  let text: string
  try {
    text = JSON.stringify(attributes, (_key, value: unknown) => (value instanceof Error ? errorOf(value) : value))
  } catch {
    return '{"truncated":true}'
  }
  return text.length <= MAX_ATTRIBUTES_CHARACTERS ? text : '{"truncated":true}'
}

function errorOf({ name, message, cause }: Error): object {
  return { name, message, ...(cause instanceof Error && { cause: cause.message }) }
}

function textIn(fields: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = fields[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
