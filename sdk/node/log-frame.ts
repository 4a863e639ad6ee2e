// A line as the engine takes it from workers: a log record of OTLP in JSON, behind four letters (spec 01 §5).

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogLine {
  readonly level: LogLevel
  readonly message: string
  readonly data: unknown
  readonly serviceName: string | undefined
  readonly traceId: string | undefined
  readonly spanId: string | undefined
}

const SEVERITIES: Readonly<Record<LogLevel, number>> = { debug: 5, info: 9, warn: 13, error: 17 }
const MAX_DEPTH = 20

export function logFrame({ level, message, data, serviceName, traceId, spanId }: LogLine): Uint8Array {
  const attributes = [
    ...(data === undefined ? [] : [{ key: 'log.data', value: anyValue(data, 0, new Set()) }]),
    ...(serviceName === undefined ? [] : [{ key: 'service.name', value: { stringValue: serviceName } }]),
  ]
  const record = {
    timeUnixNano: `${Date.now()}000000`,
    severityNumber: SEVERITIES[level],
    severityText: level.toUpperCase(),
    body: { stringValue: String(message) },
    attributes,
    ...(traceId === undefined ? {} : { traceId }),
    ...(spanId === undefined ? {} : { spanId }),
  }
  const service = process.env['OTEL_SERVICE_NAME'] || 'iii-node'
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: service } }] }
  const resourceLogs = [{ resource, scopeLogs: [{ scope: { name: 'iii-host' }, logRecords: [record] }] }]
  return Buffer.from(`LOGS${JSON.stringify({ resourceLogs })}`)
}

/** An `AnyValue`. Errors keep their stack; what has no value of its own becomes a text. @param around what this value is a part of */
function anyValue(value: unknown, depth: number, around: ReadonlySet<unknown>): object {
  switch (typeof value) {
    case 'string':
      return { stringValue: value }
    case 'boolean':
      return { boolValue: value }
    case 'number':
      if (Number.isSafeInteger(value)) return { intValue: value }
      return Number.isFinite(value) ? { doubleValue: value } : { stringValue: String(value) }
    case 'object':
      break
    default:
      return { stringValue: String(value) }
  }
  if (value === null) return {}
  if (around.has(value)) return { stringValue: '[Circular]' }
  if (depth > MAX_DEPTH) return { stringValue: '[Object]' }
  if (value instanceof Error) return { stringValue: value.stack ?? value.message }
  const within = new Set(around).add(value)
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') return anyValue(toJSON.call(value), depth + 1, within)
  if (Array.isArray(value)) return { arrayValue: { values: value.map((item) => anyValue(item, depth + 1, within)) } }
  const values = Object.entries(value).flatMap(([key, member]) =>
    member === undefined ? [] : [{ key, value: anyValue(member, depth + 1, within) }],
  )
  return { kvlistValue: { values } }
}
