// The calls that a worker has been given and has not answered, by the id under which it answers. Ids of socket workers are texts that nobody
// has seen before, and V8 keeps a text for ever that is looked up in a Map as a key, which took a twentieth of the time of a small call. So the
// keys here are numbers made of the ids; where two ids make one number, the later one is a key itself.
import { randomInt } from 'node:crypto'
import type { Call } from './call.ts'

type CallId = string | number

/** Oldest first. */
export class OpenCalls implements Iterable<Call> {
  /** Made with the first call: most workers get none. */
  #byKey: Map<CallId, Call> | undefined
  /** How many have a key of their own, since their number was another one's when they came. */
  #apart = 0

  get size(): number {
    return this.#byKey?.size ?? 0
  }

  has(id: CallId): boolean {
    return this.#byKey !== undefined && this.get(id) !== undefined
  }

  get(id: CallId): Call | undefined {
    const call = this.#byKey?.get(keyOf(id))
    if (call !== undefined && call.callId === id) return call
    return this.#apart === 0 ? undefined : this.#byKey?.get(keyApart(id))
  }

  /** By its `callId`, which stays as it is. */
  add(call: Call): void {
    const calls = (this.#byKey ??= new Map<CallId, Call>())
    const key = keyOf(call.callId)
    if (calls.has(key)) {
      calls.set(keyApart(call.callId), call)
      this.#apart++
    } else calls.set(key, call)
  }

  /** The call is answered. Returns it; undefined = there is none of this id. */
  take(id: CallId): Call | undefined {
    const key = keyOf(id)
    const call = this.#byKey?.get(key)
    if (call !== undefined && call.callId === id) {
      this.#byKey?.delete(key)
      return call
    }
    const other = this.#apart === 0 ? undefined : this.#byKey?.get(keyApart(id))
    if (other !== undefined) {
      this.#byKey?.delete(keyApart(id))
      this.#apart--
    }
    return other
  }

  /** The one that was delivered first: who chooses ids must not be able to have others' calls given up before its own. */
  oldest(): Call | undefined {
    const [first] = this.#byKey?.values() ?? []
    return first
  }

  clear(): void {
    this.#byKey = undefined
    this.#apart = 0
  }

  *[Symbol.iterator](): Generator<Call> {
    if (this.#byKey !== undefined) yield* this.#byKey.values()
  }
}

/** No number, so that it is nobody else's. */
function keyApart(id: CallId): string {
  return typeof id === 'number' ? `number ${id}` : id
}

/** At the end of an id is what tells it from others, whether it is random or counted. */
const TOLD_BY = 8
/** Of each engine its own: who chooses ids must not be able to find those that V8 keeps in one place of a Map. */
const SEED = randomInt(2 ** 31)

function keyOf(id: CallId): number {
  if (typeof id === 'number') return id
  let key = SEED
  for (let index = Math.max(0, id.length - TOLD_BY); index < id.length; index++) {
    key = (Math.imul(key, 31) + id.charCodeAt(index)) | 0
  }
  return key
}
