// Entries of the configuration that are neither plugins nor listeners: the holder of the seat `entries` is asked, in both phases of a
// change, which of them it runs. The others are skipped with a warning.
import { randomUUID } from 'node:crypto'
import { CodedError, toErrorBody } from '../../protocol/errors.ts'
import type { EntriesAnswer, EntriesQuestion, SeatEntry } from '../../protocol/seats.ts'
import type { ChangeParticipant, ChangeProblem, PreparedPart } from '../config/change.ts'
import type { EngineConfig, WorkerEntry } from '../config/types.ts'
import type { Log } from '../log.ts'
import type { Seat } from './seat.ts'

/** How long the holder may take for each answer. It need not wait for what it starts to be up. */
const ANSWER_MS = 5_000

/** An entry that nobody is known to run. */
export interface UnclaimedEntry {
  readonly entry: WorkerEntry
  /** What is said when it is skipped; undefined = nothing. */
  readonly absence: string | undefined
  /** What is said instead when it is a problem. */
  readonly refusal?: string | undefined
}

export interface SeatEntriesDeps {
  readonly seat: Seat<EntriesQuestion, EntriesAnswer>
  readonly log: Log
  /** The enabled entries of a configuration that neither the host nor a listener runs. */
  readonly unclaimed: (config: EngineConfig) => readonly UnclaimedEntry[] | Promise<readonly UnclaimedEntry[]>
  /** A skipped entry with something to say is a problem (`--strict-config`). */
  readonly strict: boolean
}

/** What is wanted of the holder. */
interface Wanted {
  readonly config: EngineConfig
  readonly unclaimed: readonly UnclaimedEntry[]
}

export class SeatEntries implements ChangeParticipant {
  readonly #deps: SeatEntriesDeps
  #inForce: Wanted | undefined
  #taken: ReadonlySet<string> = new Set()
  /** Which generation of the holder has been told what is in force. */
  #told = 0
  #changing = false
  /** What is told to holders, one after the other. */
  #turn: Promise<void> = Promise.resolve()

  constructor(deps: SeatEntriesDeps) {
    this.#deps = deps
    deps.seat.onArrival(() => {
      // A change under way tells the newcomer itself, at its end.
      if (!this.#changing && this.#told !== deps.seat.arrivals) this.#tellInForce()
    })
  }

  /** Entries in force that nobody runs, in words. */
  get warnings(): readonly string[] {
    return this.#inForce === undefined ? [] : warningsOf(this.#inForce, this.#taken)
  }

  /** Fulfilled when everything that holders are to know has been told. */
  async settled(): Promise<void> {
    await this.#turn
  }

  async prepare(config: EngineConfig): Promise<PreparedPart> {
    const { seat, strict } = this.#deps
    this.#changing = true
    const wanted: Wanted = { config, unclaimed: await this.#deps.unclaimed(config) }
    await this.#turn
    const id = randomUUID()
    const asked = seat.arrivals
    const isAsked = seat.isHeld
    const problems: ChangeProblem[] = []
    let taken: ReadonlySet<string> = new Set()
    if (isAsked) {
      try {
        const answer = await this.#askPrepare(id, wanted, false)
        taken = new Set(answer.taken)
        problems.push(...problemsOf(answer, wanted))
      } catch (error) {
        problems.push(problemOf('the seat entries', error))
      }
    }
    if (strict)
      for (const { entry, absence, refusal = absence } of skipped(wanted, taken))
        problems.push({
          subject: `entry '${entry.instanceId}'`,
          code: 'NOT_FOUND',
          message: `${entry.origin}: ${refusal}`,
        })
    const sameHolder = (): boolean => isAsked && seat.arrivals === asked && seat.isHeld
    return {
      problems,
      commit: () => this.#commit(id, wanted, taken, sameHolder),
      discard: () => this.#discard(id, sameHolder),
    }
  }

  async #commit(id: string, wanted: Wanted, taken: ReadonlySet<string>, sameHolder: () => boolean): Promise<void> {
    try {
      if (sameHolder()) {
        await this.#deps.seat.ask({ op: 'commit', id }, ANSWER_MS)
        this.#inForce = wanted
        this.#taken = taken
        this.#warn()
        return
      }
      // Who was asked is gone, or somebody has come who was not.
      this.#inForce = wanted
      this.#taken = new Set()
      if (this.#deps.seat.isHeld) this.#tellInForce()
      else this.#warn()
    } catch (error) {
      // Perhaps it did not take its part back: it answered too late, or ended. What it holds for in force is made sure of.
      this.#tellInForce()
      throw error
    } finally {
      this.#changing = false
      await this.#turn
    }
  }

  async #discard(id: string, sameHolder: () => boolean): Promise<void> {
    this.#changing = false
    if (!sameHolder()) {
      this.#tellInForce()
      await this.#turn
      return
    }
    await this.#deps.seat.ask({ op: 'discard', id }, ANSWER_MS).catch((error: unknown) => {
      this.#deps.log.warn('the holder of the seat entries did not discard a change', {
        error: toErrorBody(error).message,
      })
    })
  }

  /** Brings the holder, which may be new, to what is in force. Its failures are logged: nobody waits for it. */
  #tellInForce(): void {
    this.#told = this.#deps.seat.arrivals
    this.#turn = this.#turn.then(async () => {
      const wanted = this.#inForce
      if (wanted === undefined || !this.#deps.seat.isHeld) return
      const id = randomUUID()
      try {
        const answer = await this.#askPrepare(id, wanted, true)
        for (const { subject, message } of problemsOf(answer, wanted))
          this.#deps.log.error(`${subject} does not run: ${message}`)
        await this.#deps.seat.ask({ op: 'commit', id }, ANSWER_MS)
        this.#taken = new Set(answer.taken)
        this.#warn()
      } catch (error) {
        this.#deps.log.error('the holder of the seat entries could not be told which are in force', {
          error: toErrorBody(error).message,
        })
      }
    })
  }

  async #askPrepare(id: string, { config, unclaimed }: Wanted, inForce: boolean): Promise<EntriesAnswer> {
    const question: EntriesQuestion = {
      op: 'prepare',
      id,
      in_force: inForce,
      entries: unclaimed.map(({ entry }) => rowOf(entry)),
      project_root: config.projectRoot,
      file: config.file,
    }
    const answer: unknown = await this.#deps.seat.ask(question, ANSWER_MS)
    if (isAnswer(answer)) return answer
    throw new CodedError('invalid_message', `the answer must be {taken, problems}, not ${JSON.stringify(answer)}`)
  }

  #warn(): void {
    for (const warning of this.warnings) this.#deps.log.warn(warning)
  }
}

function skipped({ unclaimed }: Wanted, taken: ReadonlySet<string>): readonly UnclaimedEntry[] {
  return unclaimed.filter(({ entry, absence }) => absence !== undefined && !taken.has(entry.instanceId))
}

function warningsOf(wanted: Wanted, taken: ReadonlySet<string>): string[] {
  return skipped(wanted, taken).map(({ entry, absence }) => `${entry.origin}: ${absence}`)
}

function problemsOf({ problems }: EntriesAnswer, { unclaimed }: Wanted): ChangeProblem[] {
  return problems.map(({ instance_id: instanceId, code, message }) => {
    const origin = unclaimed.find(({ entry }) => entry.instanceId === instanceId)?.entry.origin
    const place = origin === undefined ? '' : `${origin}: `
    return { subject: `entry '${instanceId}'`, code, message: `${place}${message}` }
  })
}

function problemOf(subject: string, error: unknown): ChangeProblem {
  const { code, message } = toErrorBody(error)
  return { subject, code, message }
}

function rowOf({ instanceId, name, writtenName, workerPath, config, origin }: WorkerEntry): SeatEntry {
  return {
    instance_id: instanceId,
    name,
    written_name: writtenName,
    worker_path: workerPath ?? null,
    config,
    origin,
  }
}

function isAnswer(value: unknown): value is EntriesAnswer {
  if (typeof value !== 'object' || value === null) return false
  const { taken, problems } = value as Record<string, unknown>
  return (
    Array.isArray(taken) &&
    taken.every((id) => typeof id === 'string') &&
    Array.isArray(problems) &&
    problems.every(isProblem)
  )
}

function isProblem(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { instance_id: instanceId, code, message } = value as Record<string, unknown>
  return typeof instanceId === 'string' && typeof code === 'string' && typeof message === 'string'
}
