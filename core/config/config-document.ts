// One configuration file, read: the plain value of its YAML, and for every part of it the line where it stands
// and the placeholder that it came from. Knows nothing of what the keys mean.
import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { Composer, isAlias, isMap, isScalar, isSeq, Parser, Scalar, visit } from 'yaml'
import type { Document, Node, Pair } from 'yaml'
import { ConfigError, fileError } from './config-error.ts'
import type { ConfigProblem } from './config-error.ts'
import { interpolate, originalOffset } from './interpolate.ts'
import type { InterpolateOptions, Interpolation } from './interpolate.ts'
import { appendPointer, type JsonPath } from '../../base/values/json-path.ts'
import { shownValue } from '../../base/values/shown-value.ts'
import { nestingDepth, type JsonValue } from '../../base/values/json-value.ts'
import { LineIndex } from './line-index.ts'
import { notFound } from './locate.ts'
import { MAX_CONFIG_DEPTH, tooDeepAt } from './yaml-depth.ts'

/** A file larger than this is no configuration; reading it would stall the router. */
export const MAX_CONFIG_BYTES = 1024 * 1024

export interface ValueSource {
  readonly line: number
  /** The placeholders whose text the value holds. */
  readonly placeholders: readonly { readonly name: string; readonly source: 'environment' | 'default' }[]
}

/** @throws ConfigError when the file is missing, can't be read, or does not parse. */
export function readConfigDocument(file: string, options: InterpolateOptions): ConfigDocument {
  return parseConfigDocument(file, readConfigText(file), options)
}

/** As `readConfigDocument`, for a text at hand; `file` is used in messages alone. */
export function parseConfigDocument(file: string, text: string, options: InterpolateOptions): ConfigDocument {
  const interpolation = interpolate(text, options)
  const lines = new LineIndex(text)
  if (interpolation.missing.length > 0) {
    const problems = interpolation.missing.map(({ name, offset }) => ({
      file,
      line: lines.position(offset).line,
      message: `Environment variable '${name}' not set and no default provided`,
      remedy:
        sentence(interpolation.odd.find((odd) => odd.offset === offset)?.message) ??
        `Set ${name}, or give it a default: \${${name}:value}.`,
    }))
    throw new ConfigError('', problems)
  }
  return new ConfigDocument(file, lines, interpolation)
}

export class ConfigDocument {
  readonly file: string
  /** The top-level map; `{}` for an empty file. */
  readonly value: Readonly<Record<string, unknown>>
  /** It has no byte. */
  readonly isEmpty: boolean
  /** What YAML found odd. */
  readonly warnings: readonly string[]
  /** Placeholders that do not mean what their author thinks. */
  readonly oddities: readonly { readonly line: number; readonly message: string }[]
  readonly #document: Document | undefined
  readonly #lines: LineIndex
  readonly #interpolation: Interpolation

  constructor(file: string, lines: LineIndex, interpolation: Interpolation) {
    this.file = file
    this.#lines = lines
    this.#interpolation = interpolation
    this.isEmpty = interpolation.text === '' && interpolation.substitutions.length === 0
    this.oddities = interpolation.odd.map(({ message, offset }) => ({ line: lines.position(offset).line, message }))
    // `stringKeys`: a map as a key is an error, not a key of its printed form. An anchor is expanded at most 100 times.
    const tokens = [...new Parser().parse(interpolation.text)]
    this.#refuseDepth(tooDeepAt(tokens))
    const parsed = [...new Composer({ prettyErrors: false, merge: true, stringKeys: true }).compose(tokens)]
    const [document, ...others] = parsed
    const errors = parsed.flatMap((each) => each.errors.map(({ message, pos }) => this.#parseProblem(pos[0], message)))
    const second = others.find(
      (other) => other.contents !== null && !(isScalar(other.contents) && other.contents.value === null),
    )
    if (second !== undefined) {
      errors.push(
        this.#parseProblem(
          second.contents?.range?.[0] ?? second.range[0],
          'a second YAML document begins; the file must hold one',
        ),
      )
    }
    if (document !== undefined) errors.push(...this.#aliasProblems(document))
    if (errors.length > 0) throw parseError(file, errors)
    this.#document = document
    this.value = this.#topLevelMap(document)
    this.warnings = (document?.warnings ?? []).map(
      ({ message, pos }) => `${basename(file)}:${this.#line(pos[0])}: ${message}`,
    )
  }

  /** Line of the value at `path`, or of its nearest parent that stands in the file. */
  lineOf(path: JsonPath): number {
    for (let length = path.length; length > 0; length--) {
      const found = this.#find(path.slice(0, length))
      if (found?.offset !== undefined) return this.#line(found.offset)
    }
    return 1
  }

  /** Where the value at exactly `path` comes from; undefined when it does not stand in the file. */
  sourceOf(path: JsonPath): ValueSource | undefined {
    const found = this.#find(path)
    if (found?.offset === undefined) return undefined
    const [from, to] = found.value?.range ?? [found.offset, found.offset]
    const placeholders = this.#interpolation.substitutions.filter(({ start, end }) => start <= to && end >= from)
    return { line: this.#line(found.offset), placeholders: placeholders.map(({ name, source }) => ({ name, source })) }
  }

  /** The parts of the value at `path`, by JSON pointer inside it. */
  partsOf(path: JsonPath): { readonly lines: Record<string, number>; readonly texts: Record<string, string> } {
    const lines: Record<string, number> = {}
    const texts: Record<string, string> = {}
    const document = this.#document
    if (document === undefined) return { lines, texts }
    const walk = (written: Node | null, pointer: string): void => {
      const node = isAlias(written) ? (written.resolve(document) ?? null) : written
      if (isMap(node)) {
        for (const [key, { key: keyNode, value }] of pairsOf(node.items as MapPair[], document)) {
          const inside = appendPointer(pointer, key)
          lines[inside] = this.#line(keyNode.range?.[0] ?? 0)
          walk(value, inside)
        }
      } else if (isSeq(node)) {
        for (const [index, item] of (node.items as Node[]).entries()) {
          const inside = appendPointer(pointer, String(index))
          lines[inside] = this.#line(item.range?.[0] ?? 0)
          walk(item, inside)
        }
      } else {
        const text = this.#textOf(node)
        if (text !== undefined) texts[pointer] = text
      }
    }
    walk(this.#find(path)?.value ?? null, '')
    return { lines, texts }
  }

  /** Of a plain scalar that is one placeholder and nothing else, where YAML does not read it as a text. */
  #textOf(node: Node | null): string | undefined {
    if (!isScalar(node) || typeof node.value === 'string' || (node.type ?? Scalar.PLAIN) !== Scalar.PLAIN)
      return undefined
    const [from, to] = node.range ?? []
    const { substitutions, text } = this.#interpolation
    return substitutions.some(({ start, end }) => start === from && end === to) ? text.slice(from, to) : undefined
  }

  /** `offset`: of the key in a map, of the item in a list. */
  #find(path: JsonPath): { value: Node | null; offset: number | undefined } | undefined {
    const document = this.#document
    if (document === undefined) return undefined
    let value = document.contents as Node | null
    let offset = value?.range?.[0]
    for (const part of path) {
      const parent = isAlias(value) ? value.resolve(document) : value
      if (isMap(parent)) {
        const pair = pairsOf(parent.items as MapPair[], document).get(String(part))
        if (pair === undefined) return undefined
        offset = pair.key.range?.[0]
        value = pair.value
      } else if (isSeq(parent)) {
        const item = parent.items[Number(part)] as Node | undefined
        if (item === undefined) return undefined
        offset = item.range?.[0]
        value = item
      } else return undefined
    }
    return { value, offset }
  }

  #topLevelMap(document: Document | undefined): Record<string, unknown> {
    let value: unknown
    try {
      value = document?.toJS()
    } catch (error) {
      // Too many expansions of an anchor: the only thing left that can fail here.
      throw parseError(this.file, [{ file: this.file, message: (error as Error).message }], error)
    }
    if (value === undefined || value === null) return {}
    // Each alias may go a level deeper.
    if (nestingDepth(value as JsonValue) > MAX_CONFIG_DEPTH) this.#refuseDepth(0)
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>
    const kind = Array.isArray(value) ? 'a list' : `${typeof value} ${shownValue(value)}`
    const offset = document?.contents?.range?.[0] ?? 0
    throw parseError(this.file, [
      this.#parseProblem(offset, `expected a map with keys such as 'workers:', got ${kind}`),
    ])
  }

  /** @param offset of what nests too deep. */
  #refuseDepth(offset: number | undefined): void {
    if (offset === undefined) return
    const message = `lists and maps nest deeper than ${MAX_CONFIG_DEPTH} levels`
    throw parseError(this.file, [this.#parseProblem(offset, message)])
  }

  #aliasProblems(document: Document): ConfigProblem[] {
    const problems: ConfigProblem[] = []
    visit(document, {
      Alias: (_key, alias, ancestors) => {
        const target = alias.resolve(document)
        const offset = alias.range?.[0] ?? 0
        if (target === undefined)
          problems.push(this.#parseProblem(offset, `the alias *${alias.source} has no anchor before it`))
        else if (ancestors.includes(target))
          problems.push(this.#parseProblem(offset, `the alias *${alias.source} stands inside its own anchor`))
      },
    })
    return problems
  }

  #parseProblem(offset: number, message: string): ConfigProblem {
    return {
      file: this.file,
      ...this.#lines.position(originalOffset(this.#interpolation.substitutions, offset)),
      message,
    }
  }

  #line(offset: number): number {
    return this.#lines.position(originalOffset(this.#interpolation.substitutions, offset)).line
  }
}

function sentence(text: string | undefined): string | undefined {
  return text === undefined ? undefined : `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}

function parseError(file: string, problems: readonly ConfigProblem[], cause?: unknown): ConfigError {
  return new ConfigError(`Failed to parse config file '${file}'`, problems, cause === undefined ? undefined : { cause })
}

type MapPair = Pair<Node, Node | null>

/** The pairs of a map by key, merged maps (`<<`) included; own keys win. */
function pairsOf(pairs: readonly MapPair[], document: Document): Map<string, MapPair> {
  const found = new Map<string, MapPair>()
  const add = (key: string, pair: MapPair): unknown => found.has(key) || found.set(key, pair)
  for (const pair of pairs) if (isScalar(pair.key) && !isMergeKey(pair.key)) add(String(pair.key.value), pair)
  for (const { value } of pairs.filter((pair) => isMergeKey(pair.key))) {
    for (const source of isSeq(value) ? (value.items as Node[]) : [value]) {
      const merged = isAlias(source) ? source.resolve(document) : source
      if (isMap(merged)) for (const [key, pair] of pairsOf(merged.items as MapPair[], document)) add(key, pair)
    }
  }
  return found
}

/** In quotes it is a key as any other. */
function isMergeKey(key: Node): boolean {
  if (!isScalar(key) || (key.type !== undefined && key.type !== 'PLAIN')) return false
  return key.value === '<<' || (typeof key.value === 'symbol' && key.value.description === '<<')
}

/** @throws ConfigError when the file is missing, too large or can't be read. */
export function readConfigText(file: string): string {
  try {
    const { size } = statSync(file)
    if (size > MAX_CONFIG_BYTES) throw new Error(`it has ${size} bytes, more than ${MAX_CONFIG_BYTES}`)
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw notFound(file)
    throw fileError(
      file,
      `Failed to read config file '${file}': ${message}`,
      'Check that it is a readable YAML file.',
      error,
    )
  }
}
