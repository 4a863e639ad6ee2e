// Which values were found to fit which schemas, from one start to the next: an engine whose configuration has not changed need not
// compile a schema, nor load the validator, which is a fifth of its start. Kept are hashes, and the defaults that were filled in:
// those stand in the schema. The values themselves, which may be secrets, are not.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { removeLeftovers, writeWhole } from '../files/atomic-file.ts'
import type { JsonSchema } from './json-schema.ts'

type Path = readonly (string | number)[]

/** A member that a default has added. */
interface Addition {
  readonly path: Path
  readonly value: unknown
}

/** Outcomes kept, in memory and in the file; the least recently used one goes first. */
const MAX_KNOWN = 256

export class KnownValid {
  readonly #file: string
  readonly #salt: string
  /** The least recently used one first. */
  readonly #known = new Map<string, readonly Addition[]>()
  #hasNew = false

  /** @param salt whatever besides schema and value decides: the engine's version, the validator's options. */
  constructor(file: string, salt: string) {
    this.#file = file
    this.#salt = salt
    try {
      const entries = JSON.parse(readFileSync(file, 'utf8')) as [string, Addition[]][]
      for (const [key, additions] of entries) if (Array.isArray(additions)) this.#keep(key, additions)
    } catch {
      // None yet, or unreadable: then everything is checked anew.
    }
  }

  /** A copy of the value with its defaults; undefined when it has to be checked. */
  find(schema: JsonSchema, value: unknown): unknown {
    const key = this.#keyOf(schema, value)
    const additions = key === undefined ? undefined : this.#known.get(key)
    if (key === undefined || additions === undefined) return undefined
    this.#keep(key, additions)
    const copy: unknown = structuredClone(value)
    for (const addition of additions) if (!isAdded(copy, addition)) return undefined
    return copy
  }

  /** @param completed the value with its defaults */
  add(schema: JsonSchema, value: unknown, completed: unknown): void {
    const key = this.#keyOf(schema, value)
    if (key === undefined) return
    const additions: Addition[] = []
    if (!collectAdditions(value, completed, [], additions)) return
    this.#keep(key, additions)
    this.#hasNew = true
  }

  /** Writes what is new, if anything is. A cache that can't be written is none. */
  async save(): Promise<void> {
    if (!this.#hasNew) return
    this.#hasNew = false
    const folder = dirname(this.#file)
    try {
      await mkdir(folder, { recursive: true })
      await writeWhole(this.#file, JSON.stringify([...this.#known]), { mode: 0o600 })
      await removeLeftovers(folder, /^known-valid\.json$/)
    } catch {
      // Then the next start checks everything anew.
    }
  }

  #keep(key: string, additions: readonly Addition[]): void {
    this.#known.delete(key)
    this.#known.set(key, additions)
    const [oldest] = this.#known.keys()
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest)
  }

  #keyOf(schema: JsonSchema, value: unknown): string | undefined {
    if (!isJson(value)) return undefined
    return createHash('sha256')
      .update(this.#salt)
      .update(JSON.stringify([schema, value]))
      .digest('base64url')
  }
}

/** YAML knows more than JSON: two values that differ, such as NaN and null, must not look the same. */
function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object') return false
  const isPlain = Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value) as null)
  return isPlain && Object.values(value).every(isJson)
}

/** False when more has changed than members that were added. */
function collectAdditions(before: unknown, after: unknown, path: Path, additions: Addition[]): boolean {
  if (!isContainer(before) || !isContainer(after)) return Object.is(before, after)
  if (Array.isArray(before) !== Array.isArray(after)) return false
  const known = Object.keys(before)
  if (Array.isArray(before) && Object.keys(after).length !== known.length) return false
  if (known.some((name) => !Object.hasOwn(after, name))) return false
  return Object.entries(after).every(([name, value]) => {
    if (Object.hasOwn(before, name)) return collectAdditions(before[name], value, [...path, name], additions)
    additions.push({ path: [...path, name], value })
    return true
  })
}

function isAdded(root: unknown, { path, value }: Addition): boolean {
  const name = path.at(-1)
  const parent = path.slice(0, -1).reduce<unknown>((at, step) => (isContainer(at) ? at[step] : undefined), root)
  if (name === undefined || !isContainer(parent)) return false
  parent[name] = structuredClone(value)
  return true
}

function isContainer(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null
}
