// The void calls that one worker has been given and has not answered: a count and a ring of bytes instead of a record per call.
// Nobody waits for them, so all that must be known is how many are open, that an answer counts once, and which are old.
// Their ids are UUIDs that hold the number of the call; others have none of this prefix (spec 01 §9.2).
import { LazySet } from '../../base/values/lazy-set.ts'
import { randomUUID } from 'node:crypto'

/** Calls of which the ring tells whether they are open; older open ones are kept by number. A power of two. */
const RING = 256
/** All but the last group of a UUID. */
const PREFIX_CHARACTERS = 24
const UUID_CHARACTERS = 36
const NO_RING = new Uint8Array(0)
/** The last digits of an id, made once: the rest of it changes every so many calls only. */
const TAIL_DIGITS = 3
const TAILS: readonly string[] = Array.from({ length: 16 ** TAIL_DIGITS }, (_, number) =>
  number.toString(16).padStart(TAIL_DIGITS, '0'),
)

export class VoidCalls {
  #prefix = ''
  /** The prefix with the leading digits of `#next`. */
  #head = ''
  /** Number of the next call. */
  #next = 0
  #open = 0
  /** 1 = the last call with this number modulo the size is open. Made with the first call: most workers get none. */
  #ring = NO_RING
  /** Open calls that the ring has no place for any more, oldest first. */
  readonly #overtaken = new LazySet<number>()
  /** Number of the next call at the last sweeps, oldest first. */
  #marks: { readonly at: number; readonly next: number }[] = []

  /** How many are not answered. */
  get open(): number {
    return this.#open
  }

  /** Counts a call and returns the id under which it is answered. */
  add(): string {
    if (this.#ring === NO_RING) this.#ring = new Uint8Array(RING)
    const id = this.newId()
    this.#ring[(this.#next - 1) & (RING - 1)] = 1
    this.#open++
    return id
  }

  /** An id for a call that is recorded elsewhere, as others that are engine-made: a random one costs more than all else of a small call. */
  newId(): string {
    if (this.#prefix === '') this.#prefix = randomUUID().slice(0, PREFIX_CHARACTERS)
    const number = this.#next++
    const place = number & (RING - 1)
    if (this.#ring[place] === 1) {
      this.#overtaken.add(number - RING)
      this.#ring[place] = 0
    }
    const tail = number & (TAILS.length - 1)
    if (tail === 0) this.#head = this.#prefix + leadingDigits(number)
    return this.#head + TAILS[tail]!
  }

  /** Is it one of these ids, or will it be one? Who has seen one knows those that come next. */
  isCounted(id: string): boolean {
    return this.#prefix !== '' && id.startsWith(this.#prefix)
  }

  /** Takes an answer. False = it is none to an open void call. */
  answered(id: string | number): boolean {
    if (this.#open === 0 || typeof id !== 'string' || id.length !== UUID_CHARACTERS || !id.startsWith(this.#prefix))
      return false
    const number = numberIn(id)
    return number >= 0 && number < this.#next && this.#close(number)
  }

  /** Gives up the oldest open call. */
  forgetOldest(): void {
    const oldest = this.#overtaken[Symbol.iterator]().next()
    if (oldest.done !== true) {
      this.#close(oldest.value)
      return
    }
    for (let number = Math.max(0, this.#next - RING); number < this.#next; number++) if (this.#close(number)) return
  }

  /** Gives up all calls that were open at an earlier sweep at least `maxMs` ago. Returns how many. */
  sweep(now: number, maxMs: number): number {
    if (this.#open === 0) {
      this.#marks = []
      return 0
    }
    const old = this.#marks.findLast(({ at }) => now - at >= maxMs)
    this.#marks = this.#marks.filter(({ at }) => now - at < maxMs)
    this.#marks.push({ at: now, next: this.#next })
    return old === undefined ? 0 : this.#forgetBefore(old.next)
  }

  /** The worker has gone. Returns how many were open. */
  clear(): number {
    const open = this.#open
    this.#ring.fill(0)
    this.#overtaken.clear()
    this.#marks = []
    this.#open = 0
    return open
  }

  #forgetBefore(end: number): number {
    const before = this.#open
    for (const number of [...this.#overtaken]) if (number < end) this.#close(number)
    for (let number = Math.max(0, this.#next - RING); number < end; number++) this.#close(number)
    return before - this.#open
  }

  /** False = it is not open. */
  #close(number: number): boolean {
    if (number < this.#next - RING) {
      if (!this.#overtaken.delete(number)) return false
    } else {
      const place = number & (RING - 1)
      if (this.#ring[place] !== 1) return false
      this.#ring[place] = 0
    }
    this.#open--
    return true
  }
}

function leadingDigits(number: number): string {
  return Math.floor(number / TAILS.length)
    .toString(16)
    .padStart(UUID_CHARACTERS - PREFIX_CHARACTERS - TAIL_DIGITS, '0')
}

/** The last group of a UUID as a number; -1 = it is none in lower-case digits. */
function numberIn(id: string): number {
  let number = 0
  for (let index = PREFIX_CHARACTERS; index < UUID_CHARACTERS; index++) {
    const code = id.charCodeAt(index)
    if (code >= 0x30 && code <= 0x39) number = number * 16 + code - 0x30
    else if (code >= 0x61 && code <= 0x66) number = number * 16 + code - 0x57
    else return -1
  }
  return number
}
