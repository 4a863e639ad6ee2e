// The copies of one store: one at a time, which several callers may wait for, each as long as it likes.
import { CodedError } from '../../protocol/errors.ts'
import { settlesWithin } from '../../base/time/deadline.ts'

/** Copies the store into a new file. Resolves with its size in bytes. */
export type CopyStore = (file: string, onProgress: (progress: CopyProgress) => void) => Promise<number>

export interface CopyProgress {
  readonly copiedPages: number
  readonly pages: number
}

export interface BackupState {
  readonly file: string
  readonly state: 'running' | 'done'
  /** Of what is to be copied, 0 to 1. */
  readonly progress: number
  /** Size of the file; 0 while it is not there. */
  readonly bytes: number
  readonly ms: number
}

interface Run {
  readonly file: string
  readonly startedAt: number
  readonly ended: Promise<unknown>
  progress: number
  bytes: number
  endedAt: number | undefined
  failure: { readonly reason: unknown } | undefined
}

/** The end of a copy that nobody has waited for is kept this long for whoever asks for the same file again. */
const KEEP_END_MS = 60_000

export class Backups {
  readonly #copy: CopyStore
  readonly #now: () => number
  #run: Run | undefined

  constructor(copy: CopyStore, now: () => number = () => performance.now()) {
    this.#copy = copy
    this.#now = now
  }

  /**
   * Starts a copy, or joins the one into the same file. Resolves when it is done, or after `waitMs`.
   * Rejects with what it failed with, and with `overloaded` while one into another file is under way.
   */
  async make(file: string, waitMs: number = Infinity): Promise<BackupState> {
    const run = this.#current(file)
    if (waitMs === Infinity) await run.ended
    else await settlesWithin(run.ended, waitMs)
    if (run.endedAt !== undefined && this.#run === run) this.#run = undefined
    if (run.failure !== undefined) throw run.failure.reason
    const { progress, bytes, startedAt, endedAt } = run
    const state = endedAt === undefined ? 'running' : 'done'
    return { file, state, progress, bytes, ms: Math.round((endedAt ?? this.#now()) - startedAt) }
  }

  #current(file: string): Run {
    const known = this.#run
    if (known === undefined) return this.#start(file)
    const { endedAt } = known
    if (known.file === file && (endedAt === undefined || this.#now() - endedAt < KEEP_END_MS)) return known
    if (endedAt !== undefined) return this.#start(file)
    throw new CodedError('overloaded', `A backup into ${known.file} is being made. Wait for its end, then ask again.`)
  }

  #start(file: string): Run {
    const made = this.#copy(file, ({ copiedPages, pages }) => {
      run.progress = pages === 0 ? 0 : copiedPages / pages
    })
    const ended = made
      .then(
        (bytes) => void Object.assign(run, { bytes, progress: 1 }),
        (reason: unknown) => void (run.failure = { reason }),
      )
      .then(() => void (run.endedAt = this.#now()))
    const run: Run = {
      file,
      startedAt: this.#now(),
      ended,
      progress: 0,
      bytes: 0,
      endedAt: undefined,
      failure: undefined,
    }
    return (this.#run = run)
  }
}
