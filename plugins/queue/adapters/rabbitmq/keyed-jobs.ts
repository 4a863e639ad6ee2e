// Jobs with a deduplication key. A broker knows no keys, so one engine decides for all that share it: jobs with a key go to a queue with a single active consumer, which
// stores each job first and its key after that, and answers. The broker chooses that engine, and another one when it ends.
import { createHash } from 'node:crypto'
import type { Channel, Message } from 'amqplib'
import { BackOff } from '../../../../base/time/back-off.ts'
import type { Clock } from '../../../../base/time/clock.ts'
import { CodedError, type ErrorCode } from '../../../../protocol/errors.ts'
import type { PluginLog } from '../../../../sdk/plugin.ts'
import type { NewJob } from '../../job.ts'
import { textIn } from './amqp-values.ts'
import { headersOf } from './job-message.ts'
import { KnownKeys, MAX_KEYS, type KeyRecord } from './known-keys.ts'
import { toQueue, type KeyNames } from './names.ts'
import type { Publisher } from './publisher.ts'
import { closeQuietly, reasonOf, type RabbitConnection } from './rabbit-connection.ts'
import type { Replies } from './replies.ts'
import { probe } from './topology.ts'

export interface KeyedJobsDeps {
  readonly connection: RabbitConnection
  readonly publisher: Publisher
  readonly replies: Replies
  readonly clock: Clock
  readonly log: Pick<PluginLog, 'warn'>
}

/** What became of a job with a key. */
export interface KeyedAnswer {
  readonly id: string
  /** Copies that were stored; 0 = another one stands for it. */
  readonly copies: number
}

type Answer = KeyedAnswer | { readonly code: string | undefined; readonly message: string }

const REOPEN = { firstMs: 50, longestMs: 5_000, spread: [0.5, 1] } as const
/** Jobs that are decided on at a time. */
const MAX_DECIDING = 256
/** How often it is asked whether the engine that had the keys has let go of them. */
const HANDOVER_MS = 20
const JOB = 'iii-job'

export class KeyedJobs {
  readonly #name: string
  readonly #queues: KeyNames
  readonly #deps: KeyedJobsDeps
  readonly #store: (job: NewJob) => Promise<number>
  readonly #backOff = new BackOff(REOPEN)
  /** Jobs of one key come one after the other. */
  readonly #turns = new Map<string, Promise<void>>()
  #opening: Promise<void> | undefined
  #channel: Channel | undefined
  #keys: Promise<KnownKeys> | undefined
  #isClosed = false

  /** @param store puts it where it belongs; resolves with the number of copies */
  constructor(name: string, queues: KeyNames, store: (job: NewJob) => Promise<number>, deps: KeyedJobsDeps) {
    this.#name = name
    this.#queues = queues
    this.#store = store
    this.#deps = deps
  }

  /** Resolves when it is stored, or when it is known which one stands for it. */
  async add(job: NewJob): Promise<KeyedAnswer> {
    await this.open()
    const { replyTo, correlationId, answer, forget } = await this.#deps.replies.expect()
    const { data, ...rest } = job
    const headers = { [JOB]: JSON.stringify(rest) }
    const message = { content: Buffer.from(data), options: { replyTo, correlationId, headers } }
    try {
      if (!(await this.#deps.publisher.publish(toQueue(this.#queues.requests), message))) {
        throw new Error(`The queue ${this.#queues.requests} of RabbitMQ was deleted. Nothing was stored; try again.`)
      }
    } catch (error) {
      forget()
      throw error
    }
    const told = JSON.parse((await answer).toString()) as Answer
    if ('copies' in told) return told
    throw told.code === undefined ? new Error(told.message) : new CodedError(told.code as ErrorCode, told.message)
  }

  /** This engine is one of those that may decide. */
  open(): Promise<void> {
    if (this.#channel !== undefined) return Promise.resolve()
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined))
    return this.#opening
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#turns.values())
    if (this.#channel !== undefined) await closeQuietly(this.#channel)
  }

  async #open(): Promise<void> {
    const channel = await this.#deps.connection.channel()
    const { requests, keys } = this.#queues
    try {
      await channel.assertQueue(requests, { durable: true, arguments: { 'x-single-active-consumer': true } })
      await channel.assertQueue(keys, { durable: true })
      await channel.prefetch(MAX_DECIDING)
      channel.on('close', () => this.#lost(channel))
      await channel.consume(requests, (message) => {
        if (message === null) void closeQuietly(channel)
        else this.#take(channel, message)
      })
    } catch (error) {
      await closeQuietly(channel)
      throw error
    }
    this.#channel = channel
    this.#backOff.succeeded()
  }

  #lost(channel: Channel): void {
    if (this.#channel !== channel) return
    this.#channel = this.#keys = undefined
    this.#later()
  }

  #later(): void {
    const { clock, connection } = this.#deps
    if (this.#isClosed || connection.isClosed) return
    clock.after(this.#backOff.failed(), () => {
      if (!this.#isClosed && !connection.isClosed) this.open().catch(() => this.#later())
    })
  }

  #take(channel: Channel, message: Message): void {
    const job = { ...(JSON.parse(textIn(headersOf(message), JOB) ?? '{}') as NewJob), data: message.content.toString() }
    const key = createHash('sha256')
      .update(job.dedup?.key ?? '')
      .digest('base64url')
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(() => this.#answer(channel, message, job, key))
    this.#turns.set(key, turn)
    void turn.then(() => {
      if (this.#turns.get(key) === turn) this.#turns.delete(key)
    })
  }

  /** Never rejects. */
  async #answer(channel: Channel, message: Message, job: NewJob, key: string): Promise<void> {
    let answer: Answer
    try {
      this.#keys ??= this.#loadKeys(channel)
      answer = await this.#decide(await this.#keys, job, key, message.fields.redelivered)
    } catch (error) {
      // Its request comes again over the next channel.
      if (this.#channel !== channel) return
      answer = { code: error instanceof CodedError ? error.code : undefined, message: reasonOf(error) }
    }
    const { replyTo, correlationId } = message.properties as { replyTo: string; correlationId: string }
    try {
      channel.sendToQueue(replyTo, Buffer.from(JSON.stringify(answer)), { correlationId })
      channel.ack(message)
    } catch {
      // Closed: it comes again.
    }
  }

  async #decide(keys: KnownKeys, job: NewJob, key: string, isAgain: boolean): Promise<Answer> {
    const { clock, publisher } = this.#deps
    const now = clock.now()
    const holder = keys.find(key, isAgain ? job.id : undefined, now)
    if (holder !== undefined) return { id: holder.id, copies: isAgain && holder.id === job.id ? 1 : 0 }
    if (keys.isFull(now)) {
      const message = `The queue or topic ${this.#name} has ${MAX_KEYS} deduplication keys that count, which is the limit. Nothing was stored. Shorten the windows, or try again later.`
      return { code: 'overloaded', message }
    }
    const { dedup, ...rest } = job
    const copies = await this.#store(rest)
    // A key without its job would have the job's repetitions taken for stored.
    const record: KeyRecord = { key, id: job.id, until: now + (dedup?.windowMs ?? 0) }
    keys.stored(record)
    const content = Buffer.from(JSON.stringify(record))
    await publisher.publish(toQueue(this.#queues.keys), { content, options: {} })
    return { id: job.id, copies }
  }

  /** What the engine had that decided before. */
  async #loadKeys(channel: Channel): Promise<KnownKeys> {
    const { connection, clock } = this.#deps
    const { keys: queue } = this.#queues
    let there = await probe(connection, queue)
    while (there !== undefined && there.consumers > 0 && this.#channel === channel) {
      await new Promise<void>((resolve) => void clock.after(HANDOVER_MS, resolve))
      there = await probe(connection, queue)
    }
    let missing = there?.messages ?? 0
    const loaded = Promise.withResolvers<void>()
    const keys = new KnownKeys((message) => channel.ack(message))
    // Nobody may be waiting.
    loaded.promise.catch(() => {})
    channel.on('close', () => loaded.reject(new Error('The connection was lost.')))
    await channel.prefetch(0)
    const received = (message: Message | null): void => {
      if (message === null) return void closeQuietly(channel)
      keys.received(message)
      if (--missing === 0) loaded.resolve()
    }
    await channel.consume(queue, received, { exclusive: true })
    if (missing > 0) await loaded.promise
    return keys
  }
}
