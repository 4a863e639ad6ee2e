// Which engine calls a binding that is on several of them: the one that claims the event first. A message carries no id, since anybody
// may publish; but every engine gets the same messages of a topic in the same order. So what is claimed is the nth message with that
// content: each engine counts those that it has got, and the count that is highest is how many have been claimed. An engine that joins
// while others count begins where they are. Claims of one engine are answered in order, and many are under way at a time.
import { hash, randomUUID } from 'node:crypto'
import { RedisError, type RedisConnection, type RedisScript } from '../../../kit/redis/redis-connection.ts'
import { CodedError } from '../../../protocol/errors.ts'
import type { SharedBinding } from './adapter.ts'

export interface ClaimLimits {
  /** Events whose claim Redis has not answered; beyond it they are dropped. Default 10,000. */
  readonly maxPending: number
  /** Characters of their JSON. Default 64 Mi. */
  readonly maxPendingCharacters: number
  /** How long Redis remembers a claim that not all subscribers have made: as far apart as engines may read. Default 30,000. */
  readonly rememberMs: number
}

export const CLAIM_LIMITS: ClaimLimits = {
  maxPending: 10_000,
  maxPendingCharacters: 64 * 1024 * 1024,
  rememberMs: 30_000,
}

/** Engines that are remembered for one message and binding; those that have counted least are forgotten first. */
const MAX_COUNTS = 64
/** How much later than it joined an engine may seem to have joined, since what it sends takes a while: rather denied than doubled. */
const JOIN_SLACK_MS = 1_000

/**
 * KEYS: the message. ARGV: topic, time to remember, then name, counter and age of it for each binding. Answers a text with 1 or 0 for each.
 * Of what all subscribers of the topic have counted nothing is kept: with one engine nothing is written at all.
 */
const CLAIM = `
local numbers = redis.pcall('PUBSUB', 'NUMSUB', ARGV[1])
local subscribers = numbers.err and ${MAX_COUNTS + 1} or numbers[2]
if subscribers <= 1 and redis.call('EXISTS', KEYS[1]) == 0 then
  return string.rep('1', (#ARGV - 2) / 3)
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = {}
for i = 3, #ARGV, 3 do
  local name, counter, joined = ARGV[i], ARGV[i + 1], now - ARGV[i + 2] - ${JOIN_SLACK_MS}
  local text = redis.call('HGET', KEYS[1], name)
  local state = text and cmsgpack.unpack(text) or { n = 0, first = now, last = now, counts = {} }
  local count = state.counts[counter]
  if not count then
    if joined > state.last then count = state.n
    elseif joined <= state.first then count = 0
    else count = state.n - 1 end
  end
  count = count + 1
  if count > state.n then
    state.n, state.last = count, now
    answer[#answer + 1] = '1'
  else
    answer[#answer + 1] = '0'
  end
  state.counts[counter] = count
  local known, level, least = 0, 0, nil
  for other, reached in pairs(state.counts) do
    known = known + 1
    if reached == state.n then level = level + 1 end
    if other ~= counter and (not least or reached < state.counts[least]) then least = other end
  end
  if known > ${MAX_COUNTS} then state.counts[least] = nil end
  if level >= subscribers then
    redis.call('HDEL', KEYS[1], name)
  else
    redis.call('HSET', KEYS[1], name, cmsgpack.pack(state))
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return table.concat(answer)`

export interface ClaimRequest {
  readonly topic: string
  readonly json: string
  readonly bindings: readonly SharedBinding[]
  /** When the subscription came in force, by `performance.now()`. */
  readonly activeSince: number
}

export class RedisClaims {
  readonly #script: RedisScript
  readonly #limits: ClaimLimits
  readonly #engine = randomUUID()
  #pending = 0
  #pendingCharacters = 0

  constructor(redis: RedisConnection, limits: Partial<ClaimLimits> = {}) {
    this.#script = redis.defineScript(CLAIM, 1)
    this.#limits = { ...CLAIM_LIMITS, ...limits }
  }

  /**
   * The names of the bindings that are this engine's to call. Rejects when it can't be told: then others may call them or not.
   * Undefined when Redis refuses claims.
   */
  async claim({ topic, json, bindings, activeSince }: ClaimRequest): Promise<ReadonlySet<string> | undefined> {
    this.#refuseTooMany(json)
    this.#pending++
    this.#pendingCharacters += json.length
    try {
      const now = performance.now()
      const counters = bindings.flatMap(({ name, since }) => {
        const joined = Math.max(since, activeSince)
        return [name, `${this.#engine}.${joined}`, Math.ceil(now - joined)]
      })
      const answer = await this.#script([keyOf(topic, json)], [topic, this.#limits.rememberMs, ...counters])
      return new Set(bindings.filter((_binding, index) => String(answer)[index] === '1').map(({ name }) => name))
    } catch (error) {
      if (error instanceof RedisError && error.failure === 'refused') return undefined
      throw error
    } finally {
      this.#pending--
      this.#pendingCharacters -= json.length
    }
  }

  #refuseTooMany(json: string): void {
    const { maxPending, maxPendingCharacters } = this.#limits
    const isFull = this.#pending >= maxPending
    if (!isFull && (this.#pending === 0 || this.#pendingCharacters + json.length <= maxPendingCharacters)) return
    throw new CodedError(
      'overloaded',
      `${this.#pending} events (${this.#pendingCharacters} characters) wait for Redis to say which engine calls their subscribers; ` +
        `at most ${maxPending} (${maxPendingCharacters} characters) may.`,
    )
  }
}

/** A topic is as long as it likes, and a message too: their digest stands for both. */
function keyOf(topic: string, json: string): string {
  return `pubsub_claim:${hash('sha256', `${topic.length}:${topic}${json}`, 'base64url')}`
}
