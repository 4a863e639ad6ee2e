// A connection to Redis for the adapters of built-in workers: errors come at once and say what is known, the connection comes
// back by itself, and nothing is sent twice. The client library is loaded only when an adapter asks for it.
import type { Redis, RedisOptions as ClientOptions } from 'ioredis'
import { CodedError } from '../../protocol/errors.ts'
import type { PluginLog } from '../../sdk/plugin.ts'
import { settlesWithin } from '../../base/time/deadline.ts'
import { clientOptions, REDIS_DEFAULTS, type RedisLimits } from './client-options.ts'
import { warnOfVolatility } from './durability.ts'
import {
  connectFailure,
  isHungUp,
  isReply,
  isSelectRefused,
  reasonOf,
  RedisError,
  withoutArguments,
} from './redis-error.ts'
import { readRedisUrl, type RedisTarget } from './redis-url.ts'
import { Subscriber, type SubscriptionListener } from './subscriber.ts'

export { REDIS_DEFAULTS, type RedisLimits } from './client-options.ts'
export { RedisError, type RedisFailure } from './redis-error.ts'
export type { SubscriptionListener } from './subscriber.ts'

/** How long `close` waits for answers that are outstanding; the host allows 10 s for all of a stop. */
const CLOSE_MS = 3_000

/** An argument of a command. */
export type RedisArgument = string | number | Buffer

/** A script that was defined. */
export type RedisScript = (keys: readonly (string | Buffer)[], args: readonly RedisArgument[]) => Promise<unknown>

/** Commands, scripts, subscriptions. */
export interface RedisConnection {
  /** Sends a command; texts in the reply are strings. Commands take effect in the order of the calls. */
  command(name: string, ...args: RedisArgument[]): Promise<unknown>
  /** As `command`, texts in the reply are Buffers. */
  commandBytes(name: string, ...args: RedisArgument[]): Promise<unknown>
  /** A script that takes this number of keys; it runs as one atomic step. */
  defineScript(lua: string, keys: number): RedisScript
  /**
   * Listens to a channel on a second connection. Resolves when the subscription is in force, or when there is no connection:
   * `listener.active` then tells. Rejects when Redis refuses it. The returned function ends it.
   */
  subscribe(channel: string, listener: SubscriptionListener): Promise<() => Promise<void>>
  readonly connected: boolean
  /** Ends both connections after the answers that are outstanding, or 3 s. */
  close(): Promise<void>
}

/** Address, the name of the setting that decides it, limits. */
export interface RedisOptions extends Partial<RedisLimits> {
  readonly url: string
  /** The setting that decides the address, for messages: `adapter.config.redis_url of NAME`. */
  readonly setting: string
  readonly log: Pick<PluginLog, 'info' | 'warn'>
  /** Told when the connection of an opened client is lost, and when it is back. */
  readonly onChange?: ((connected: boolean) => void) | undefined
}

/** Rejects with an error that names address and setting. Later the connection is kept by itself. */
export async function connectRedis({ url, setting, log, onChange, ...limits }: RedisOptions): Promise<RedisConnection> {
  const target = readRedisUrl(url, setting)
  const { Redis } = await import('ioredis')
  const connection = new Connection(Redis, target, setting, { log, onChange }, { ...REDIS_DEFAULTS, ...limits })
  await connection.open()
  await warnOfVolatility(connection, target.address, log)
  return connection
}

class Connection implements RedisConnection {
  readonly #target: RedisTarget
  readonly #setting: string
  readonly #log: RedisOptions['log']
  readonly #onChange: RedisOptions['onChange']
  readonly #limits: RedisLimits
  readonly #client: Redis
  readonly #subscriber: Subscriber
  #opened = false
  #closing = false
  #lossReported = false
  #lastError: unknown
  #unanswered = 0
  #unansweredBytes = 0
  #scripts = 0

  constructor(
    Client: new (options: ClientOptions) => Redis,
    target: RedisTarget,
    setting: string,
    { log, onChange }: Pick<RedisOptions, 'log' | 'onChange'>,
    limits: RedisLimits,
  ) {
    this.#target = target
    this.#setting = setting
    this.#log = log
    this.#onChange = onChange
    this.#limits = limits
    const open = (mayReconnect: () => boolean): Redis => new Client(clientOptions(target, limits, mayReconnect))
    this.#client = open(() => this.#opened && !this.#closing)
    this.#client.on('error', (error: unknown) => {
      // What Redis said is the reason; what the client says of having hung up after that is not.
      if (!isHungUp(error)) this.#lastError = error
      // The client itself would go on, in database 0, which may be somebody else's.
      if (isSelectRefused(error)) this.#client.disconnect(true)
    })
    this.#client.on('ready', () => this.#reportReturn())
    this.#client.on('close', () => this.#reportLoss())
    this.#subscriber = new Subscriber({
      open: () => open(() => !this.#closing),
      address: target.address,
      heartbeatMs: limits.heartbeatMs,
      warn: (message, data) => log.warn(message, data),
    })
  }

  get connected(): boolean {
    // The end of the socket is known before the client has taken note of it.
    return this.#client.status === 'ready' && this.#client.stream.writable
  }

  async open(): Promise<void> {
    const { connectTimeoutMs } = this.#limits
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${connectTimeoutMs} ms`)), connectTimeoutMs)
    })
    try {
      await Promise.race([this.#client.connect(), late])
      this.#opened = true
    } catch (error) {
      this.#closing = true
      this.#client.disconnect()
      // What the client rejects with is only that it was closed; the reason came before, as an event.
      throw connectFailure(this.#target.address, this.#setting, this.#lastError ?? error)
    } finally {
      clearTimeout(timer)
    }
  }

  command(name: string, ...args: RedisArgument[]): Promise<unknown> {
    return this.#send(name, bytesOf(args), () => this.#client.call(name, args))
  }

  commandBytes(name: string, ...args: RedisArgument[]): Promise<unknown> {
    return this.#send(name, bytesOf(args), () => this.#client.callBuffer(name, args))
  }

  defineScript(lua: string, keys: number): RedisScript {
    // ioredis sends the text once per connection and its digest after that, which keeps the order of the calls.
    const name = `script${++this.#scripts}`
    this.#client.defineCommand(name, { lua, numberOfKeys: keys })
    const script = Reflect.get(this.#client, name) as (...args: RedisArgument[]) => Promise<unknown>
    return (scriptKeys, args) => {
      const all = [...scriptKeys, ...args]
      return this.#send('a script', bytesOf(all), () => script.apply(this.#client, all))
    }
  }

  async subscribe(channel: string, listener: SubscriptionListener): Promise<() => Promise<void>> {
    try {
      return await this.#subscriber.subscribe(channel, listener)
    } catch (error) {
      throw this.#explain(`SUBSCRIBE ${channel}`, error)
    }
  }

  async close(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    this.#subscriber.close()
    // QUIT is answered after everything before it.
    if (this.connected) await settlesWithin(this.#client.quit(), CLOSE_MS)
    this.#client.disconnect()
  }

  async #send(what: string, bytes: number, send: () => Promise<unknown>): Promise<unknown> {
    if (!this.connected || this.#closing) throw this.#unreachable()
    const { maxUnanswered, maxUnansweredBytes } = this.#limits
    const tooMany = this.#unanswered >= maxUnanswered
    if (tooMany || (this.#unanswered > 0 && this.#unansweredBytes + bytes > maxUnansweredBytes)) {
      const limit = tooMany ? `${maxUnanswered} commands` : `${maxUnansweredBytes} bytes`
      throw new CodedError('overloaded', `More than ${limit} wait for Redis. Nothing was sent; try again.`)
    }
    this.#unanswered++
    this.#unansweredBytes += bytes
    try {
      return await send()
    } catch (error) {
      throw this.#explain(what, error)
    } finally {
      this.#unanswered--
      this.#unansweredBytes -= bytes
    }
  }

  #unreachable(): RedisError {
    const { address } = this.#target
    if (this.#closing) return new RedisError('unreachable', `The connection to Redis at ${address} is closed.`)
    const reason = this.#lastError === undefined ? '' : ` (${reasonOf(this.#lastError)})`
    return new RedisError(
      'unreachable',
      `Redis at ${address} is not reachable${reason}; the engine keeps trying. Nothing was sent.`,
    )
  }

  #explain(what: string, error: unknown): Error {
    if (error instanceof RedisError) return error
    const { address } = this.#target
    const cause = { cause: withoutArguments(error) }
    if (isReply(error))
      return new RedisError('refused', `Redis at ${address} refused ${what}: ${reasonOf(error)}`, cause)
    if (isHungUp(error)) return this.#unreachable()
    return new RedisError(
      'interrupted',
      `The connection to Redis at ${address} broke while ${what} was under way: whether it took effect is unknown.`,
      cause,
    )
  }

  #reportLoss(): void {
    if (!this.#opened || this.#closing || this.#lossReported) return
    this.#lossReported = true
    this.#log.warn(`The connection to Redis at ${this.#target.address} is lost; trying again.`, {
      ...(this.#lastError === undefined ? {} : { error: reasonOf(this.#lastError) }),
    })
    this.#onChange?.(false)
  }

  #reportReturn(): void {
    this.#lastError = undefined
    if (!this.#lossReported) return
    this.#lossReported = false
    this.#log.info(`Redis at ${this.#target.address} is connected again.`)
    this.#onChange?.(true)
  }
}

function bytesOf(args: readonly RedisArgument[]): number {
  let bytes = 0
  for (const argument of args) bytes += typeof argument === 'number' ? 8 : argument.length
  return bytes
}
