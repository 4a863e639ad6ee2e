// Read-compute-write on values that other engines may write too. What is computed here is written only if the value is still the
// one that was read; within this engine edits of one value take turns, so that only other engines contend.
import { CodedError } from '../../protocol/errors.ts'

/** Computes the value after from the value before; undefined = none. Throwing fails this edit alone. */
export type Edit = (before: string | undefined) => string | undefined

export interface Change<Note> {
  readonly before: string | undefined
  readonly after: string | undefined
  /** What was given with the edit. */
  readonly note: Note
}

/** `swapped: false` = somebody else has written; `current` is what stands there now. */
export type Swap = { readonly swapped: true } | { readonly swapped: false; readonly current: string | undefined }

export interface EditTurnsLimits {
  /** Attempts to write before the edits fail because other engines keep changing the value. Default 100. */
  readonly maxAttempts: number
  /** Edits of one value that are written in one step. Default 1,024. */
  readonly maxBatch: number
  /** Bytes of the values that they compute; one edit is always taken. Default 8 MiB. */
  readonly maxBatchBytes: number
  /** Edits that may wait for their turn, of all values; beyond it they are refused with `overloaded`. Default 100,000. */
  readonly maxWaiting: number
  /** Their bytes. Default 128 MiB. */
  readonly maxWaitingBytes: number
}

export const EDIT_TURNS_DEFAULTS: EditTurnsLimits = {
  maxAttempts: 100,
  maxBatch: 1_024,
  maxBatchBytes: 8 * 1024 * 1024,
  maxWaiting: 100_000,
  maxWaitingBytes: 128 * 1024 * 1024,
}

/** Attempts without a pause: whoever loses the first ones has met somebody who wrote at the same time, not a crowd. */
const EAGER_ATTEMPTS = 8
const MAX_PAUSE_MS = 20

export interface EditTurnsOptions<Place, Note, Reply> {
  /** Reads the value. */
  readonly read: (place: Place) => Promise<string | undefined>
  /**
   * In one step, if the value is `expected`: writes what the last change leaves. `changes` are those of the edits, each from where
   * the one before left it. When it has written it calls `report`, as soon as it knows: so that reports keep the order of writes.
   */
  readonly swap: (
    place: Place,
    expected: string | undefined,
    changes: readonly Change<Note>[],
    report: (reply: Reply) => void,
  ) => Promise<Swap>
  /** Distinguishes places. */
  readonly id: (place: Place) => string
  readonly limits?: Partial<EditTurnsLimits> | undefined
}

interface Waiting<Note, Reply> {
  readonly edit: Edit
  readonly note: Note
  readonly bytes: number
  readonly written: (change: Change<Note>, reply: Reply, index: number) => void
  readonly reject: (reason: unknown) => void
}

export class EditTurns<Place, Note = undefined, Reply = undefined> {
  readonly #options: EditTurnsOptions<Place, Note, Reply>
  readonly #limits: EditTurnsLimits
  readonly #queues = new Map<string, Waiting<Note, Reply>[]>()
  #waiting = 0
  #waitingBytes = 0
  #onIdle: (() => void)[] = []

  constructor(options: EditTurnsOptions<Place, Note, Reply>) {
    this.#options = options
    this.#limits = { ...EDIT_TURNS_DEFAULTS, ...options.limits }
  }

  /** Whether edits of that value are under way: a plain write must then take its turn as well. */
  isBusy(place: Place): boolean {
    return this.#queues.has(this.#options.id(place))
  }

  /**
   * Queues an edit. `written` is called with what it changed, right after the write and in the order of the edits; what it returns
   * is the result. `reply` and `index` are the reply of `swap` and the place of this change among its changes.
   */
  run<Result>(
    place: Place,
    bytes: number,
    edit: Edit,
    note: Note,
    written: (change: Change<Note>, reply: Reply, index: number) => Result,
  ): Promise<Result> {
    const refusal = this.#refusal(bytes)
    if (refusal !== undefined) return Promise.reject(refusal)
    return new Promise<Result>((resolve, reject) => {
      const waiting: Waiting<Note, Reply> = {
        edit,
        note,
        bytes,
        reject,
        written: (change, reply, index) => resolve(written(change, reply, index)),
      }
      this.#waiting++
      this.#waitingBytes += bytes
      const id = this.#options.id(place)
      const queue = this.#queues.get(id)
      if (queue !== undefined) {
        queue.push(waiting)
        return
      }
      const started = [waiting]
      this.#queues.set(id, started)
      void this.#work(id, place, started)
    })
  }

  /** Resolves when no edit is under way. */
  async idle(): Promise<void> {
    while (this.#queues.size > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve))
  }

  #refusal(bytes: number): CodedError | undefined {
    const { maxWaiting, maxWaitingBytes } = this.#limits
    const tooMany = this.#waiting >= maxWaiting
    if (!tooMany && (this.#waiting === 0 || this.#waitingBytes + bytes <= maxWaitingBytes)) return undefined
    const limit = tooMany ? `${maxWaiting} updates` : `${maxWaitingBytes} bytes of updates`
    return new CodedError('overloaded', `More than ${limit} wait for the store. Nothing was written; try again.`)
  }

  async #work(id: string, place: Place, queue: Waiting<Note, Reply>[]): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.slice(0, this.#limits.maxBatch)
      let done = batch.length
      try {
        done = await this.#writeBatch(place, batch)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
      this.#waiting -= done
      for (const { bytes } of queue.splice(0, done)) this.#waitingBytes -= bytes
    }
    this.#queues.delete(id)
    if (this.#queues.size > 0) return
    const wake = this.#onIdle
    this.#onIdle = []
    for (const resolve of wake) resolve()
  }

  /** Returns how many of the edits are done: the first ones, as many as go in one step. */
  async #writeBatch(place: Place, batch: readonly Waiting<Note, Reply>[]): Promise<number> {
    let expected = await this.#options.read(place)
    for (let attempt = 1; attempt <= this.#limits.maxAttempts; attempt++) {
      const { changes, editors, failures } = compute(expected, batch, this.#limits.maxBatchBytes)
      const report = (reply: Reply): void => {
        editors.forEach((waiting, index) => waiting.written(changes[index]!, reply, index))
      }
      const swap = changes.length === 0 ? undefined : await this.#options.swap(place, expected, changes, report)
      if (swap === undefined || swap.swapped) {
        for (const [waiting, error] of failures) waiting.reject(error)
        return editors.length + failures.size
      }
      expected = swap.current
      if (attempt > EAGER_ATTEMPTS) await pause(Math.random() * MAX_PAUSE_MS)
    }
    throw new Error(
      `Other engines changed the value between each of ${this.#limits.maxAttempts} attempts. Nothing was written; try again.`,
    )
  }
}

function compute<Note, Reply>(start: string | undefined, batch: readonly Waiting<Note, Reply>[], maxBytes: number) {
  const changes: Change<Note>[] = []
  const editors: Waiting<Note, Reply>[] = []
  const failures = new Map<Waiting<Note, Reply>, unknown>()
  let before = start
  let bytes = 0
  for (const waiting of batch) {
    if (bytes >= maxBytes) break
    try {
      const after = waiting.edit(before)
      changes.push({ before, after, note: waiting.note })
      editors.push(waiting)
      before = after
      bytes += after?.length ?? 0
    } catch (error) {
      failures.set(waiting, error)
    }
  }
  return { changes, editors, failures }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
