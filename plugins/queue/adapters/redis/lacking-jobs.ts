// Jobs of one queue that other engines have set aside for lack of their functions, and that this engine takes over, because it has them.
import type { Consumer } from '../backend.ts'
import { readJobs, type StoredJob } from './job-record.ts'
import type { Key } from './queue-keys.ts'
import type { QueueServer } from './queue-server.ts'

export interface LackingJobsDeps {
  readonly server: QueueServer
  readonly engine: string
  /** A number that no other delivery of this engine has; reserves that many. */
  readonly tokens: (count: number) => number
}

/** Jobs that are looked at in one step; of more than that some, others the next time. */
const MAX_LOOKED_AT = 500

export class LackingJobs {
  readonly #key: Key
  readonly #deps: LackingJobsDeps
  /** How often something had been set aside when this engine last found nothing more for it. */
  #seen = ''
  #isLooking = false

  constructor(key: Key, deps: LackingJobsDeps) {
    this.#key = key
    this.#deps = deps
  }

  /** This engine has functions that it had not: what was seen is looked at again. */
  forget(): void {
    this.#seen = ''
  }

  /**
   * Takes over up to `room` jobs. Resolves with them and their tokens; never rejects.
   * @param lacks how often something was set aside, as the server counts it
   */
  async look(lacks: string, room: number, consumer: Consumer): Promise<readonly (readonly [StoredJob, string])[]> {
    if (lacks === this.#seen || this.#isLooking || consumer.canRun === undefined) return []
    this.#isLooking = true
    const before = this.#seen
    this.#seen = lacks
    try {
      const adopted = await this.#take(room, consumer)
      // There may be more.
      if (adopted.length > 0) this.#seen = before
      return adopted
    } catch {
      // Without a connection; what is aside is still there when it is back.
      this.#seen = before
      return []
    } finally {
      this.#isLooking = false
    }
  }

  async #take(room: number, consumer: Consumer): Promise<(readonly [StoredJob, string])[]> {
    const { server, engine, tokens } = this.#deps
    const found = (await server.run('lacking', [this.#key], [engine, MAX_LOOKED_AT])) as [string[], string[]]
    const wanted = found[0].filter((_handle, index) => consumer.canRun!(...targetIn(found[1][index]!))).slice(0, room)
    if (wanted.length === 0) return []
    const [handles, records, states, given] = (await server.run(
      'adopt',
      [this.#key],
      [engine, tokens(wanted.length), ...wanted],
    )) as [string[], (string | null)[], (string | null)[], string[]]
    const tokenOf = new Map(handles.map((handle, index) => [handle, given[index]!]))
    return readJobs(handles, records, states).map((stored) => [stored, tokenOf.get(stored.handle)!] as const)
  }
}

/** The first line of a record: id, function, namespace. */
function targetIn(line: string): [functionId: string, namespace: string | undefined] {
  const [, functionId, namespace] = JSON.parse(line) as [string, string, string | null]
  return [functionId, namespace ?? undefined]
}
