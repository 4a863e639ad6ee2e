// The connection to the broker: opened anew by itself whenever it is lost, with a channel for publishing and others for whoever asks.
import type { Channel, ChannelModel, ConfirmChannel } from 'amqplib'
import { BackOff } from '../../../../base/time/back-off.ts'
import type { Clock } from '../../../../base/time/clock.ts'
import { settlesWithin } from '../../../../base/time/deadline.ts'
import { CodedError } from '../../../../protocol/errors.ts'
import type { PluginLog } from '../../../../sdk/plugin.ts'
import type { BackendState } from '../backend.ts'
import type { RabbitLimits } from './limits.ts'

export interface ConnectionDeps {
  readonly url: string
  readonly shownUrl: string
  readonly clock: Clock
  readonly limits: RabbitLimits
  readonly log: Pick<PluginLog, 'info' | 'warn' | 'error'>
  readonly onStateChange?: ((state: BackendState) => void) | undefined
}

/** A broker that does not answer for two of them is lost. */
const HEARTBEAT_SECONDS = 10
const CONNECT_MS = 10_000
const RECONNECT = { firstMs: 100, longestMs: 5_000, spread: [0.5, 1] } as const
/** Throw-away channels that are open at a time: the broker allows 2,047 in all by default. */
const MAX_BORROWED = 32

export class RabbitConnection {
  readonly #deps: ConnectionDeps
  readonly #backOff = new BackOff(RECONNECT)
  readonly #queued: (() => void)[] = []
  #model: ChannelModel | undefined
  /** A connection of its own: the broker stops reading from one that publishes while its memory or disk is short, and acknowledgements are to go on. */
  #publishingModel: ChannelModel | undefined
  /** Why the broker takes no messages at present. */
  #blockedBecause: string | undefined
  #publishing: Promise<ConfirmChannel> | undefined
  #back = Promise.withResolvers<void>()
  #room = Promise.withResolvers<void>()
  #generation = 0
  #waiting = 0
  #borrowed = 0
  #state: BackendState = 'reconnecting'
  #isClosed = false

  constructor(deps: ConnectionDeps) {
    this.#deps = deps
    this.#back.promise.catch(() => {})
  }

  get state(): BackendState {
    return this.#state
  }

  /** Another number for each connection and channel for publishing: what was declared before may be gone. */
  get generation(): number {
    return this.#generation
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** The first connection. Rejects with what is wrong and what to do. */
  async open(): Promise<void> {
    try {
      await this.#connect()
    } catch (error) {
      this.#isClosed = true
      throw this.#unreachable(error)
    }
    this.#state = 'connected'
  }

  /** The channel on which everything is published, with confirms. */
  async publishing(): Promise<ConfirmChannel> {
    await this.#connected()
    if (this.#blockedBecause !== undefined) await this.#unblocked()
    try {
      return await (this.#publishing ??= this.#openPublishing(this.#publishingModel!))
    } catch (error) {
      throw this.#absent(`${reasonOf(error)}.`)
    }
  }

  /** A channel for a consumer; whoever takes it closes it. */
  async channel(): Promise<Channel> {
    await this.#connected()
    return this.#model!.createChannel().then(quiet)
  }

  /** A channel that the task may lose: the broker closes it on every refusal. */
  async borrow<Value>(task: (channel: Channel) => Promise<Value>): Promise<Value> {
    if (this.#borrowed >= MAX_BORROWED) await new Promise<void>((resolve) => this.#queued.push(resolve))
    this.#borrowed++
    try {
      const channel = await this.channel()
      try {
        return await task(channel)
      } finally {
        await closeQuietly(channel)
      }
    } finally {
      this.#borrowed--
      this.#queued.shift()?.()
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#back.reject(this.#absent('The connection was closed.'))
    const models = [this.#publishingModel, this.#model].filter((model) => model !== undefined)
    await settlesWithin(Promise.all(models.map((model) => model.close())), CONNECT_MS, this.#deps.clock)
  }

  #unblocked(): Promise<void> {
    const why = this.#blockedBecause
    return this.#waitFor(
      this.#room.promise,
      new CodedError(
        'plugin_unavailable',
        `RabbitMQ at ${this.#deps.shownUrl} takes no messages at present (${why}); nothing was stored. Give it memory or disk, or have its jobs handled; it goes on by itself.`,
      ),
    )
  }

  #connected(): Promise<void> {
    if (this.#model !== undefined) return Promise.resolve()
    if (this.#isClosed) return Promise.reject(this.#absent('The connection was closed.'))
    return this.#waitFor(this.#back.promise, this.#absent('It is tried again by itself.'))
  }

  #waitFor(promise: Promise<void>, tooLate: CodedError): Promise<void> {
    const { shownUrl, clock, limits } = this.#deps
    if (this.#waiting >= limits.maxWaiting) {
      return Promise.reject(
        new CodedError(
          'overloaded',
          `${shownUrl} is not there for calls at present, and ${limits.maxWaiting} calls wait for it already. Nothing was stored.`,
        ),
      )
    }
    this.#waiting++
    const { promise: late, reject } = Promise.withResolvers<never>()
    const cancel = clock.after(limits.waitMs, () => reject(tooLate))
    return Promise.race([promise, late]).finally(() => {
      cancel()
      this.#waiting--
    })
  }

  async #connect(): Promise<void> {
    const { connect } = await import('amqplib')
    const { url } = this.#deps
    const open = async (name: string): Promise<ChannelModel> => {
      const model = await connect(withHeartbeat(url), {
        timeout: CONNECT_MS,
        noDelay: true,
        keepAlive: true,
        clientProperties: { connection_name: name },
      })
      // Every error of a connection is followed by its end.
      let reason: unknown
      model.on('error', (error: Error) => (reason = error))
      model.on('close', (error?: Error) => this.#lost(model, reason ?? error))
      return model
    }
    const model = await open('iii-queue')
    let publishingModel: ChannelModel | undefined
    try {
      publishingModel = await open('iii-queue publishing')
      const publishing = this.#openPublishing(publishingModel)
      await publishing
      this.#publishing = publishing
    } catch (error) {
      for (const each of [model, publishingModel]) void each?.close().catch(() => {})
      throw error
    }
    publishingModel.on('blocked', (why: string) => this.#blocked(why))
    publishingModel.on('unblocked', () => this.#unblock())
    this.#publishingModel = publishingModel
    this.#model = model
    this.#generation++
  }

  #blocked(why: string): void {
    this.#deps.log.warn(`RabbitMQ takes no messages at present: ${why}. Publishers wait.`)
    if (this.#blockedBecause === undefined) this.#room = Promise.withResolvers<void>()
    this.#room.promise.catch(() => {})
    this.#blockedBecause = why
    this.#changed('blocked')
  }

  #unblock(): void {
    this.#deps.log.info('RabbitMQ takes messages again.')
    this.#blockedBecause = undefined
    this.#room.resolve()
    this.#changed('connected')
  }

  /** A publish to an exchange that is gone ends the channel: the next one gets another, and declares again. */
  #openPublishing(model: ChannelModel): Promise<ConfirmChannel> {
    const opening = model.createConfirmChannel().then(quiet)
    const forget = (): void => {
      if (this.#publishing !== opening) return
      this.#publishing = undefined
      this.#generation++
    }
    opening.then((channel) => channel.on('close', forget), forget)
    return opening
  }

  /** One of the two: the other one goes with it. */
  #lost(model: ChannelModel, error: unknown): void {
    const models = [this.#model, this.#publishingModel]
    if (!models.includes(model)) return
    this.#model = this.#publishingModel = undefined
    this.#publishing = undefined
    this.#blockedBecause = undefined
    this.#room.resolve()
    for (const other of models) if (other !== model) void other?.close().catch(() => {})
    if (this.#isClosed) return
    this.#back = Promise.withResolvers<void>()
    this.#back.promise.catch(() => {})
    this.#changed('reconnecting')
    this.#deps.log.warn(`${this.#deps.shownUrl} was lost: ${reasonOf(error)}. It is tried again by itself.`)
    this.#tryLater()
  }

  #tryLater(): void {
    if (this.#isClosed) return
    this.#deps.clock.after(this.#backOff.failed(), () => void this.#reconnect())
  }

  async #reconnect(): Promise<void> {
    if (this.#isClosed) return
    try {
      await this.#connect()
    } catch {
      this.#tryLater()
      return
    }
    if (this.#isClosed) {
      for (const model of [this.#model, this.#publishingModel]) void model?.close().catch(() => {})
      return
    }
    this.#backOff.succeeded()
    this.#changed('connected')
    this.#deps.log.info(`${this.#deps.shownUrl} is reached again.`)
    this.#back.resolve()
  }

  #changed(state: BackendState): void {
    if (this.#state === state) return
    this.#state = state
    this.#deps.onStateChange?.(state)
  }

  #absent(addition: string): CodedError {
    return new CodedError(
      'plugin_unavailable',
      `${this.#deps.shownUrl} is not reachable; nothing was stored. ${addition}`,
    )
  }

  #unreachable(error: unknown): Error {
    const reason = reasonOf(error).replace(/\.$/, '')
    const where = `RabbitMQ at ${this.#deps.shownUrl} (adapter.config.amqp_url of iii-queue)`
    if (/ACCESS.REFUSED|403/i.test(reason)) {
      return new Error(`${where} refused the user name or password: ${reason}. Correct them in the URL.`)
    }
    // The client says what it expected, and not what the broker said.
    if (/ConnectionOpenOk/.test(reason)) {
      return new Error(
        `${where} refused the virtual host: it is not there, or the user has no right to it. Add it (rabbitmqctl add_vhost), or correct the URL, in which / is written %2F.`,
      )
    }
    return new Error(`${where} is not reachable: ${reason}. Start it, or correct the setting.`)
  }
}

/** At a queue until the last message is seen in it; somebody else may have taken it. */
const MAX_LOOKS = 10

export async function closeQuietly(channel: Channel): Promise<void> {
  try {
    await channel.close()
  } catch {
    // The broker, or the end of the connection, has closed it before.
  }
}

/**
 * Whatever the channel has taken of the queue and not acknowledged is in it again when this resolves. A channel that is only closed gives it back
 * later than it says that it is closed.
 */
export async function giveAllBack(channel: Channel, queue: string): Promise<void> {
  channel.nackAll(true)
  // Counting overtakes what thousands of messages take to come back; taking one waits for them.
  const first = await channel.get(queue)
  if (first === false) return
  channel.nack(first, false, true)
  for (let look = 0; look < MAX_LOOKS; look++) {
    const { messageCount } = await channel.checkQueue(queue)
    if (messageCount > first.fields.messageCount) return
  }
}

/** A refusal of the broker is the rejection of the call that it answers; as an event without a listener it would end the process. */
function quiet<One extends Channel>(channel: One): One {
  channel.on('error', () => {})
  return channel
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return error === undefined ? 'the connection ended' : String(error)
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : undefined
  return (
    error.message ||
    (first instanceof Error ? first.message : '') ||
    (error as NodeJS.ErrnoException).code ||
    error.name
  )
}

function withHeartbeat(text: string): string {
  const url = new URL(text)
  if (!url.searchParams.has('heartbeat')) url.searchParams.set('heartbeat', `${HEARTBEAT_SECONDS}`)
  return url.href
}
