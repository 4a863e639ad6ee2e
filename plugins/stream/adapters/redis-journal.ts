// The history of streams as the server has it: the newest position, and the latest events.
import { randomBytes } from 'node:crypto'
import type { RedisConnection, RedisScript } from '../../../kit/redis/redis-connection.ts'
import type { Position, StreamEvent } from '../event.ts'
import { EPOCH_KEY, JOURNAL_KEY } from './redis-keys.ts'
import { readMessage } from './redis-message.ts'
import { STATE } from './redis-scripts.ts'

export class RedisJournal {
  readonly #redis: RedisConnection
  readonly #step: number
  readonly #readState: RedisScript

  /** @param step entries that are read at a time */
  constructor(redis: RedisConnection, step: number) {
    this.#redis = redis
    this.#step = step
    this.#readState = redis.defineScript(STATE, 2)
  }

  /**
   * The position of the newest event.
   * @param known the newest one heard of; a server that knows less was set back and begins a new epoch.
   */
  async newest(known: Position | undefined): Promise<Position> {
    const args = [randomEpoch(), known?.epoch ?? '', known?.offset ?? 0]
    const [epoch, offset] = (await this.#readState([EPOCH_KEY, JOURNAL_KEY], args)) as [string, number]
    return { epoch, offset }
  }

  /** Whether the server knows of the position; false as well when it cannot be asked. */
  async has({ epoch, offset }: Position): Promise<boolean> {
    const state = this.#redis.command('HMGET', EPOCH_KEY, 'epoch', 'offset')
    const [known, newest] = (await state.catch(() => [])) as (string | null | undefined)[]
    return known === epoch && Number(newest) >= offset
  }

  /** Events from one offset up to another, not all at once; those before a gap or an unreadable entry only. */
  async read(from: number, to: number): Promise<StreamEvent[]> {
    const range = [JOURNAL_KEY, `${from}-0`, `${to}-0`, 'COUNT', this.#step] as const
    const entries = (await this.#redis.command('XRANGE', ...range)) as [string, string[]][]
    const events: StreamEvent[] = []
    for (const [, fields] of entries) {
      const event = readMessage(fields[1] ?? '')
      const previous = events.at(-1)?.position?.offset
      const offset = event?.position?.offset
      if (event === undefined || offset === undefined || (previous !== undefined && offset !== previous + 1)) break
      events.push(event)
    }
    return events
  }

  /** The latest events up to an offset, without a gap. */
  async latest(to: number, maxEvents: number): Promise<StreamEvent[]> {
    const latest: StreamEvent[] = []
    let next = Math.max(1, to - maxEvents + 1)
    while (next <= to) {
      const events = await this.read(next, to)
      if (events.length === 0) break
      // A gap makes what is before it useless.
      if (events[0]!.position!.offset !== next) latest.length = 0
      latest.push(...events)
      next = events.at(-1)!.position!.offset + 1
    }
    return next > to ? latest : []
  }
}

export function randomEpoch(): string {
  return randomBytes(8).toString('hex')
}
