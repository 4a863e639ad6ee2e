// What callers of a reloaded plugin were answered, and whether it is what an unbroken function would have answered: every call
// once, without an error, each caller's calls handled in the order in which they were made, over all generations.
import { expect } from 'vitest'
import type { Answer } from '../../support/load-client.ts'

/** What the handlers of the test plugins return: which code ran, and which call of the same caller it saw before. */
export interface SeenCall {
  readonly version: number
  readonly n: number
  /** null for the first call of the caller in this generation. */
  readonly previous: number | null
}

/** Source of a function that answers with a SeenCall; `body` may add members to `seen` before it is returned. */
export function seenCallHandler(body = ''): string {
  return `({ caller, n }) => {
    const previous = lastOf.get(caller) ?? null
    lastOf.set(caller, n)
    const seen = { version: VERSION, n, previous }
    ${body}
    return seen
  }`
}

export interface LedgerOptions {
  /** A new generation may run the code of the old one, with another configuration. Default false. */
  readonly sameCodeAgain?: boolean
  /** False where nothing is promised: replicas, and plugins whose generations overlap. Default true. */
  readonly inOrder?: boolean
}

export class AnswerLedger {
  /** The newest code that has answered. */
  newest = 0
  readonly #answers: (Answer | undefined)[][]
  readonly #twice: string[] = []
  readonly #waiters: { readonly version: number; readonly wake: () => void }[] = []

  constructor(callers: number) {
    this.#answers = Array.from({ length: callers }, () => [])
  }

  readonly add = (caller: number, n: number, answer: Answer): void => {
    const answers = this.#answers[caller]!
    if (answers[n] !== undefined) this.#twice.push(`${caller}/${n}`)
    answers[n] = answer
    const version = (answer.result as SeenCall | undefined)?.version
    if (version === undefined || version <= this.newest) return
    this.newest = version
    for (const waiter of this.#waiters.splice(0)) {
      if (waiter.version <= version) waiter.wake()
      else this.#waiters.push(waiter)
    }
  }

  /** Resolves when code of this version, or newer, has answered. */
  answeredBy(version: number): Promise<void> {
    if (this.newest >= version) return Promise.resolve()
    return new Promise((wake) => this.#waiters.push({ version, wake }))
  }

  /** Results of one caller, in the order of its calls. */
  resultsOf<Result extends SeenCall>(caller: number): Result[] {
    return this.#answers[caller]!.map((answer) => answer?.result as Result)
  }

  /** @param sent calls made, per caller; every one of them must be here */
  check(sent: readonly number[], { sameCodeAgain = false, inOrder = true }: LedgerOptions = {}): void {
    expect(this.#twice, 'calls answered twice').toEqual([])
    for (const [caller, answers] of this.#answers.entries()) {
      expect(answers.length, `calls of caller ${caller}`).toBe(sent[caller])
      const failed = answers.flatMap((answer, n) =>
        answer === undefined || answer.error ? [{ caller, n, answer }] : [],
      )
      expect(failed.slice(0, 5), `${failed.length} calls failed`).toEqual([])
      if (!inOrder) continue
      const disorder = this.resultsOf(caller).flatMap((seen, n, all) =>
        follows(seen, n, all[n - 1], sameCodeAgain) ? [] : [{ caller, n, seen, before: all[n - 1] }],
      )
      expect(disorder.slice(0, 5), `${disorder.length} calls out of order`).toEqual([])
    }
  }
}

/** Within a generation the handler saw the call before this one; a newer generation sees this caller for the first time. */
function follows(seen: SeenCall, n: number, before: SeenCall | undefined, sameCodeAgain: boolean): boolean {
  if (seen.n !== n) return false
  if (before === undefined) return seen.previous === null
  if (seen.previous === null) return sameCodeAgain ? seen.version >= before.version : seen.version > before.version
  return seen.version === before.version && seen.previous === n - 1
}
