// What `registerWorker` takes, on every surface.
import { numberIn } from '../call-sidecar.ts'
import type { SocketLimits } from '../transports/socket-options.ts'

/** How a lost connection is made again. */
export interface ReconnectionConfig {
  /** Milliseconds before the first further attempt. Default 1000; there are always at least 10 between two. */
  readonly initialDelayMs?: number
  /** Longest wait between two attempts in milliseconds. Default 30000. */
  readonly maxDelayMs?: number
  /** How much longer each wait is than the one before. Default 2. */
  readonly backoffMultiplier?: number
  /** Each wait is longer or shorter by up to this share of it. Default 0.3. */
  readonly jitterFactor?: number
  /** Further attempts after the first one that failed, until there are no more; -1 = without end. Default -1. */
  readonly maxRetries?: number
}

/** What `registerWorker` takes in Node and in browsers. */
export interface ClientOptions {
  /** Name in listings. */
  readonly workerName?: string
  /** A sentence, shown in listings. */
  readonly workerDescription?: string
  /** Where this worker's functions are, and where its calls look for others. Default: none, which is `default`. */
  readonly namespace?: string
  /** Milliseconds that a call waits for its answer which does not say how long. Default 30000. */
  readonly invocationTimeoutMs?: number
  readonly reconnectionConfig?: ReconnectionConfig
}

/** Throws when an option is no number, or one that can't be meant. */
export function limitsOf(options: ClientOptions): Partial<SocketLimits> {
  const values: Readonly<Record<string, unknown>> = { ...options, ...options.reconnectionConfig }
  const read = (name: keyof ClientOptions | keyof ReconnectionConfig, initial: number, least?: number, most?: number) =>
    numberIn(name, values[name] ?? initial, least, most)
  const maxRetries = read('maxRetries', -1, -Infinity)
  read('invocationTimeoutMs', 0)
  return {
    // A call waits for the connection as long as its caller does; the number of those that wait is limited.
    awayMs: Infinity,
    reconnectMs: read('initialDelayMs', 1000),
    maxReconnectMs: read('maxDelayMs', 30_000),
    reconnectFactor: read('backoffMultiplier', 2, 1),
    reconnectJitter: read('jitterFactor', 0.3, 0, 1),
    maxRetries: maxRetries < 0 ? Infinity : maxRetries,
  }
}

/** The namespace without space around it; throws when nothing is left. */
export function checkedNamespace(namespace: string | undefined): string | undefined {
  if (namespace !== undefined && namespace.trim() === '')
    throw new Error('namespace is empty: leave the option out, or give a name')
  return namespace
}

/** Throws when it is no address of an engine. */
export function checkedAddress(address: unknown): string {
  const problem = `must be the ws:// or wss:// URL of an engine, such as ws://127.0.0.1:49134, not ${shown(address)}`
  if (typeof address !== 'string' || address.trim() === '') throw new TypeError(`The address ${problem}`)
  let protocol: string
  try {
    ;({ protocol } = new URL(address))
  } catch {
    throw new TypeError(`The address ${problem}`)
  }
  if (!/^(wss?|https?):$/.test(protocol)) throw new TypeError(`The address ${problem}`)
  return address
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}
