// Holds requests against the `request_format` of their function.
import type { ErrorObject, ValidateFunction } from 'ajv'
import { isRecord } from '../../../../base/values/is-record.ts'
import { appendPointer } from '../../../../base/values/json-path.ts'
import type { JsonSchema } from '../../../../base/values/json-schema.ts'
import type { ApiRequest } from '../../request/api-request.ts'
import { isJsonContentType } from '../../request/json-body.ts'
import type { Answer } from '../../response/answer.ts'
import { readRequestFormat, schemaAt, typesOf, type NamedPart, type RequestFormat } from '../function-formats.ts'
import { compileSchema, isJsonSchema } from '../json-schema-2020.ts'
import { modernSchema } from '../modern-schema.ts'
import { problemAnswer, type RequestFault } from './problem-details.ts'
import { withinTime } from './within-time.ts'

/** A longer format is not checked against. */
export const MAX_FORMAT_CHARACTERS = 262_144
/** Of a longer body the first error alone is told: one that consists of errors would be answered by many times its size. */
export const MAX_ALL_ERRORS_CHARACTERS = 65_536
/** How long a request may be held against a format, and how much longer for each MiB of its body. Meanwhile all others wait. */
export const CHECK_MS = 250

/** What may take a time that is out of all proportion to the value, however small that is. */
const SLOW = /"(?:pattern|patternProperties|uniqueItems|\$ref)":/
const MIB = 1024 * 1024

/** Methods whose requests are held against a format that is of the body alone. */
const METHODS_WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])
/** Members of a request that are not known, or not checked, before its handler is called. */
const NOT_CHECKED = ['request_body', 'response', 'context']

export class RequestValidator {
  readonly #format: JsonSchema
  readonly #schema: JsonSchema
  readonly #said: RequestFormat
  readonly #members: ReadonlySet<string>
  readonly #isFit: ValidateFunction
  readonly #isSlow: boolean
  #allFaults: ValidateFunction | undefined

  /** @throws Error that says why the format can't be checked against. */
  constructor(format: JsonSchema) {
    if (JSON.stringify(format).length > MAX_FORMAT_CHARACTERS)
      throw new Error(`it has more than ${MAX_FORMAT_CHARACTERS} characters`)
    const modern = modernSchema(format)
    if (!isJsonSchema(modern)) throw new Error('it is no JSON Schema')
    this.#format = modern
    this.#said = readRequestFormat(modern)
    this.#schema = this.#said.of === 'request' ? withoutUnchecked(modern) : modern
    this.#members = this.#said.of === 'request' ? namedMembers(modern) : new Set()
    this.#isFit = compileSchema(this.#schema, false)
    this.#isSlow = SLOW.test(JSON.stringify(this.#schema))
  }

  /**
   * @param body JSON text; `null` also for a body that is none.
   * @returns the answer to a request that does not fit.
   * @throws OutOfTime when it can't be said within `CHECK_MS`; RangeError where the value is nested too deep.
   */
  check(request: ApiRequest, body: string): Answer | undefined {
    const isOfBody = this.#said.of === 'body'
    if (isOfBody && !METHODS_WITH_BODY.has(request.method)) return undefined
    const value = isOfBody ? (JSON.parse(body) as unknown) : this.#valueOf(request, body)
    const first = this.#within(body, () => (this.#isFit(value) ? undefined : (this.#isFit.errors ?? [])))
    if (first === undefined) return undefined
    const errors = this.#allErrorsOf(value, body) ?? first
    const faults = errors.map((error) => faultOf(error, isOfBody ? '/body' : ''))
    const isNoJson =
      body === 'null' &&
      isJsonContentType(request.headers['content-type']) &&
      faults.some(({ pointer }) => pointer === '/body')
    return problemAnswer(isNoJson ? 'json' : 'request', faults)
  }

  /** Of a value that does not fit; undefined = the first one is all that is told. */
  #allErrorsOf(value: unknown, body: string): readonly ErrorObject[] | undefined {
    if (body.length > MAX_ALL_ERRORS_CHARACTERS) return undefined
    // Not within the time of the request: for a large format it takes longer than that.
    const allFaults = (this.#allFaults ??= compileSchema(this.#schema, true))
    return this.#within(body, () => {
      allFaults(value)
      return allFaults.errors ?? undefined
    })
  }

  #within<Value>(body: string, check: () => Value): Value {
    if (!this.#isSlow && body.length <= MAX_ALL_ERRORS_CHARACTERS) return check()
    return withinTime(CHECK_MS * (1 + Math.floor(body.length / MIB)), check)
  }

  /** What the format names of the request, with texts as the numbers and truth values that it wants. The function gets texts. */
  #valueOf(request: ApiRequest, body: string): Record<string, unknown> {
    const value: Record<string, unknown> = {}
    for (const member of this.#members) {
      if (member === 'body') {
        if (body !== 'null' || hasBody(request)) value[member] = JSON.parse(body)
      } else if (member === 'query_params') value[member] = this.#read(request.query_params, this.#said.queryParams)
      else if (member === 'path_params') value[member] = this.#read(request.path_params, this.#said.pathParams)
      else if (member === 'headers') value[member] = this.#read(request.headers, this.#said.headers, true)
      else value[member] = request[member as keyof ApiRequest]
    }
    return value
  }

  #read(
    texts: Readonly<Record<string, string>>,
    parts: readonly NamedPart[],
    anyCase = false,
  ): Record<string, unknown> {
    const read: Record<string, unknown> = { ...texts }
    for (const part of parts) {
      const text = texts[anyCase ? part.name.toLowerCase() : part.name]
      if (text === undefined) continue
      define(read, part.name, asWanted(text, typesOf(this.#format, part)))
    }
    return read
  }
}

/** Without one a function gets null, which few formats speak of. */
function hasBody({ headers }: ApiRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** A member may be called `__proto__`. */
function define(object: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
}

const NUMBER = /^-?\d{1,17}(?:\.\d{1,17})?(?:[eE][+-]?\d{1,3})?$/

/** A text stays one where it is wanted, or where it is not what is wanted. */
function asWanted(text: string, types: ReadonlySet<string> | undefined): unknown {
  if (types === undefined || types.has('string')) return text
  if ((types.has('integer') || types.has('number')) && NUMBER.test(text)) return Number(text)
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

function rootOf(schema: JsonSchema): JsonSchema {
  let root = schema
  for (let step = 0; step < 16 && typeof root['$ref'] === 'string'; step++)
    root = schemaAt(schema, root['$ref'].slice(1)) ?? {}
  return root
}

function namedMembers(schema: JsonSchema): ReadonlySet<string> {
  const { properties } = rootOf(schema)
  const names = isRecord(properties) ? Object.keys(properties) : []
  return new Set(names.filter((name) => !NOT_CHECKED.includes(name)))
}

function withoutUnchecked(schema: JsonSchema): JsonSchema {
  const copy = structuredClone(schema)
  const root = rootOf(copy) as { required?: unknown; properties: Record<string, unknown> }
  if (Array.isArray(root.required))
    root.required = root.required.filter((name) => !NOT_CHECKED.includes(name as string))
  for (const name of NOT_CHECKED) delete root.properties[name]
  return copy
}

function faultOf(
  { instancePath, keyword, message = 'does not fit', params }: ErrorObject,
  prefix: string,
): RequestFault {
  const { additionalProperty, unevaluatedProperty } = params as Record<string, unknown>
  const extra = additionalProperty ?? unevaluatedProperty
  const pointer = `${prefix}${instancePath}`
  return {
    pointer: typeof extra === 'string' ? appendPointer(pointer, extra) : pointer,
    rule: keyword,
    message: typeof extra === 'string' ? 'is not known' : message,
  }
}
