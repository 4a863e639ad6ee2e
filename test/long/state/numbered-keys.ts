// Keys whose values are numbered, so that a value tells which writes it stands for. Every value differs from all before it.
// What was acknowledged, read and attempted is remembered here: over any number of deaths of the engine.
import type { Answer, LoadClient } from '../../support/load-client.ts'

const SCOPE = 'numbered'
/** Values are of very different sizes, so that they span one or many pages of the store. */
const LONGEST_TEXT = 6_000

export class NumberedKey {
  readonly key: string
  /** `state::set` writes the whole value, `state::update` increments two members of it in one call. */
  readonly by: 'set' | 'update'
  /** Number of the last write that was sent, and of the last one that was acknowledged. */
  attempted = 0
  acknowledged = 0
  /** Highest number that any `state::get` has returned. */
  read = 0

  constructor(key: string, by: 'set' | 'update') {
    this.key = key
    this.by = by
  }

  get address(): { scope: string; key: string } {
    return { scope: SCOPE, key: this.key }
  }

  /** The next write, as function and payload. */
  nextWrite(): { functionId: string; json: string; n: number } {
    const n = ++this.attempted
    const { address } = this
    if (this.by === 'set')
      return { functionId: 'state::set', json: JSON.stringify({ ...address, value: valueOf(this.key, n) }), n }
    const ops = [
      { type: 'increment', path: 'n', by: 1 },
      { type: 'increment', path: 'twin', by: 1 },
      { type: 'set', path: 'text', value: textOf(this.key, n) },
    ]
    return { functionId: 'state::update', json: JSON.stringify({ ...address, ops }), n }
  }

  /** After a restart: what is not in the store was not written; counting goes on from what is there. */
  goOnFrom(stored: number): void {
    this.attempted = stored
    this.acknowledged = stored
    this.read = stored
  }
}

/** The number of a stored value; throws when it is not exactly what one write made. Nothing stored is number 0. */
export function numberOf(key: NumberedKey, value: unknown): number {
  if (value === undefined || value === null) return 0
  const { n, twin, text } = value as { n: number; twin: number; text: string }
  if (n !== twin || text !== textOf(key.key, n))
    throw new Error(`torn value of ${key.key}: n ${n}, twin ${twin}, text of ${text?.length} characters`)
  return n
}

/** Holds each key against what is stored, and goes on counting from there. Returns the promises that the store has broken. */
export async function checkStored(client: LoadClient, keys: readonly NumberedKey[]): Promise<string[]> {
  const broken: string[] = []
  for (const key of keys) {
    const stored = numberOf(key, await client.result('state::get', key.address))
    const promise = brokenPromise(key, stored)
    if (promise !== undefined) broken.push(promise)
    key.goOnFrom(stored)
  }
  return broken
}

/** What became of the promise that the store made, or undefined when it was kept. */
function brokenPromise(key: NumberedKey, stored: number): string | undefined {
  const { acknowledged, read, attempted } = key
  if (stored < acknowledged) return `${key.key} (${key.by}): write ${acknowledged} was acknowledged, ${stored} is there`
  if (stored < read) return `${key.key} (${key.by}): value ${read} was read, ${stored} is there`
  if (stored > attempted) return `${key.key} (${key.by}): ${stored} is there, ${attempted} was the last to be sent`
  return undefined
}

export function errorOf({ error }: Answer): string | undefined {
  return error ? `${error.code}: ${error.message}` : undefined
}

function valueOf(key: string, n: number): { n: number; twin: number; text: string } {
  return { n, twin: n, text: textOf(key, n) }
}

function textOf(key: string, n: number): string {
  const unit = `${key}/${n};`
  return unit.repeat(1 + ((n * 7919) % LONGEST_TEXT) / unit.length)
}
