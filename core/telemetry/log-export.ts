// The log records of a worker as its SDK exports them: OTLP in JSON (spec 07 A.1, A.3, D). Whatever a worker sent may be anything: what has
// another shape is left out, and every part is bounded.
import { stripVTControlCharacters } from 'node:util'
import { isRecord } from '../../base/values/is-record.ts'
import type { LogLine } from '../log.ts'

export type RecordLevel = LogLine['level']

export interface LogRecord {
  readonly level: RecordLevel
  /** Without colours. */
  readonly body: string
  /** `data` of the SDK's `Logger`. */
  readonly data: unknown
  /** Other attributes; undefined = none. */
  readonly attributes: Readonly<Record<string, unknown>> | undefined
  readonly service: string | undefined
  readonly traceId: string | undefined
  readonly spanId: string | undefined
}

export const MAX_BODY_CHARACTERS = 8 * 1024
/** Of `data` and of the other attributes, as JSON. */
export const MAX_DATA_CHARACTERS = 16 * 1024
const MAX_DEPTH = 20
const CUT = '…[truncated]'
/** Attributes that say where a record belongs, and are shown as such. */
const PLACES: ReadonlySet<string> = new Set(['trace_id', 'span_id', 'service.name', 'log.data'])
const SECRET =
  /^(authorization|proxy-authorization|cookie|set-cookie|x-api-key|api-key|api_key|access_token|refresh_token|password|secret|credential)$/i

/** @throws SyntaxError when it is no JSON */
export function readLogExport(json: string): LogRecord[] {
  const records: LogRecord[] = []
  for (const resourceLogs of listIn(JSON.parse(json), 'resourceLogs')) {
    const resource = isRecord(resourceLogs) ? resourceLogs['resource'] : undefined
    const service = attributesOf(resource)['service.name']
    for (const scopeLogs of listIn(resourceLogs, 'scopeLogs')) {
      for (const record of listIn(scopeLogs, 'logRecords')) {
        if (isRecord(record)) records.push(readRecord(record, textOf(service)))
      }
    }
  }
  return records
}

/** What is cut is a copy: V8 keeps the whole of a text as long as a slice of it is there. */
export function cutText(text: string, characters: number): string {
  return text.length <= characters ? text : Buffer.from(`${text.slice(0, characters)}${CUT}`).utf8Slice()
}

/** A copy without secrets; what would be too long as JSON becomes the beginning of that, as text. */
export function boundedData(data: unknown): unknown {
  let json: string | undefined
  try {
    json = JSON.stringify(data, (key, value: unknown) => (SECRET.test(key) ? '[REDACTED]' : value))
  } catch {
    // Nested in itself, or too deep.
    return CUT
  }
  if (json === undefined) return undefined
  return json.length <= MAX_DATA_CHARACTERS ? (JSON.parse(json) as unknown) : cutText(json, MAX_DATA_CHARACTERS)
}

function readRecord(record: Readonly<Record<string, unknown>>, service: string | undefined): LogRecord {
  const attributes = attributesOf(record)
  const others = Object.entries(attributes).filter(([key]) => !PLACES.has(key))
  const body = valueOf(record['body'], 0)
  const text = typeof body === 'string' ? body : (JSON.stringify(body) ?? '')
  return {
    level: levelOf(record['severityNumber'], record['severityText']),
    body: stripVTControlCharacters(cutText(text, MAX_BODY_CHARACTERS)),
    data: boundedData(attributes['log.data']),
    attributes: others.length === 0 ? undefined : asRecord(boundedData(Object.fromEntries(others))),
    service: textOf(attributes['service.name']) ?? service,
    traceId: idOf(record['traceId']) ?? idOf(attributes['trace_id']),
    spanId: idOf(record['spanId']) ?? idOf(attributes['span_id']),
  }
}

/** The bands of OpenTelemetry, fatal as error; without a number by the text. */
function levelOf(number: unknown, text: unknown): RecordLevel {
  const severity = Number(number)
  if (severity >= 1) {
    if (severity < 5) return 'trace'
    if (severity < 9) return 'debug'
    if (severity < 13) return 'info'
    return severity < 17 ? 'warn' : 'error'
  }
  const name = typeof text === 'string' ? text.toLowerCase() : ''
  if (name.startsWith('fatal')) return 'error'
  return (['trace', 'debug', 'info', 'warn', 'error'] as const).find((level) => name.startsWith(level)) ?? 'info'
}

function attributesOf(holder: unknown): Record<string, unknown> {
  return keyValues(listIn(holder, 'attributes'), 0)
}

function keyValues(list: readonly unknown[], depth: number): Record<string, unknown> {
  const entries = list.flatMap((item) => {
    const key = isRecord(item) ? item['key'] : undefined
    return isRecord(item) && typeof key === 'string' ? [[key, valueOf(item['value'], depth)] as const] : []
  })
  return Object.fromEntries(entries)
}

/** An `AnyValue` of OTLP as plain JSON; an empty one is null. */
function valueOf(value: unknown, depth: number): unknown {
  if (!isRecord(value)) return null
  if (depth > MAX_DEPTH) return CUT
  const { stringValue, boolValue, intValue, doubleValue, bytesValue, arrayValue, kvlistValue } = value
  if (arrayValue !== undefined) return listIn(arrayValue, 'values').map((item) => valueOf(item, depth + 1))
  if (kvlistValue !== undefined) return keyValues(listIn(kvlistValue, 'values'), depth + 1)
  if (intValue !== undefined) return integerOf(intValue)
  return stringValue ?? boolValue ?? doubleValue ?? bytesValue ?? null
}

/** 64 bits may come as text; what a number can't hold stays it. */
function integerOf(value: unknown): unknown {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function listIn(holder: unknown, member: string): readonly unknown[] {
  const list = isRecord(holder) ? holder[member] : undefined
  return Array.isArray(list) ? list : []
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? cutText(value, 280) : undefined
}

/** Empty and all zeros mean that there is none. */
function idOf(value: unknown): string | undefined {
  return typeof value === 'string' && /[^0]/.test(value) ? cutText(value, 64) : undefined
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : { value }
}
