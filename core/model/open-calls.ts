// The calls that a worker has been given and has not answered, by the id under which it answers. Ids of socket workers are texts that nobody
// has seen before, and V8 keeps a text for ever that is looked up in a Map as a key, which took a twentieth of the time of a small call. So the
// keys here are numbers made of the ids; where two ids make one number, the later one gets another.
import { randomInt } from 'node:crypto'
import { PassingMap } from '../../base/values/passing-map.ts'
import type { Call } from './call.ts'

type CallId = string | number

const NONE: readonly Call[] = []

/** Oldest first. */
export class OpenCalls implements Iterable<Call> {
  /** Made with the first call: most workers get none. */
  #byKey: PassingMap<Call> | undefined
  /** Keys of those whose number was another one's when they came. */
  #apart: Map<CallId, number> | undefined

  get size(): number {
    return this.#byKey?.size ?? 0
  }

  has(id: CallId): boolean {
    return this.get(id) !== undefined
  }

  get(id: CallId): Call | undefined {
    const call = this.#byKey?.get(keyOf(id))
    if (call !== undefined && call.callId === id) return call
    const other = this.#apart?.get(id)
    return other === undefined ? undefined : this.#byKey?.get(other)
  }

  /** By its `callId`, which stays as it is. */
  add(call: Call): void {
    const calls = (this.#byKey ??= new PassingMap<Call>())
    let key = keyOf(call.callId)
    if (calls.get(key) !== undefined) {
      do key = randomInt(2 ** 31)
      while (calls.get(key) !== undefined)
      this.#apart ??= new Map()
      this.#apart.set(call.callId, key)
    }
    calls.add(key, call)
  }

  /** The call is answered. Returns it; undefined = there is none of this id. */
  take(id: CallId): Call | undefined {
    const calls = this.#byKey
    if (calls === undefined) return undefined
    const key = keyOf(id)
    const call = calls.get(key)
    if (call !== undefined && call.callId === id) return calls.take(key)
    const other = this.#apart?.get(id)
    if (other === undefined) return undefined
    this.#apart?.delete(id)
    return calls.take(other)
  }

  /** The one that was delivered first: who chooses ids must not be able to have others' calls given up before its own. */
  oldest(): Call | undefined {
    return this.#byKey?.first
  }

  clear(): void {
    this.#byKey = this.#apart = undefined
  }

  /** Those that are there now. */
  [Symbol.iterator](): Iterator<Call> {
    return (this.#byKey ?? NONE)[Symbol.iterator]()
  }
}

/** At the end of an id is what tells it from others, whether it is random or counted. */
const TOLD_BY = 8

function keyOf(id: CallId): number {
  if (typeof id === 'number') return id | 0
  let key = 0
  for (let index = Math.max(0, id.length - TOLD_BY); index < id.length; index++) {
    key = (Math.imul(key, 31) + id.charCodeAt(index)) | 0
  }
  return key
}
