// How the ioredis client is told to behave: nothing is queued while the connection is down, nothing is sent twice, and it
// tries to connect again for ever.
import { backOffMs } from '../../base/time/back-off.ts'
import type { RedisOptions } from 'ioredis'
import type { RedisTarget } from './redis-url.ts'

/** Time-outs and bounds of a connection. */
export interface RedisLimits {
  /** For the first connection, handshake included, and for each later attempt. Default 5,000. */
  readonly connectTimeoutMs: number
  /** Silence of the server after which a connection that owes an answer counts as broken. Default 15,000. */
  readonly replyTimeoutMs: number
  /** Longest wait between two attempts to connect again; the first comes after 50 ms. Default 2,000. */
  readonly maxReconnectMs: number
  /** How often a subscriber connection asks whether the server still lives. Default 10,000. */
  readonly heartbeatMs: number
  /** Commands that may be unanswered; beyond it they are refused with `overloaded`. Default 100,000. */
  readonly maxUnanswered: number
  /** Bytes of their arguments. Default 128 MiB. */
  readonly maxUnansweredBytes: number
}

/** The defaults of `RedisLimits`. */
export const REDIS_DEFAULTS: RedisLimits = {
  connectTimeoutMs: 5_000,
  replyTimeoutMs: 15_000,
  maxReconnectMs: 2_000,
  heartbeatMs: 10_000,
  maxUnanswered: 100_000,
  maxUnansweredBytes: 128 * 1024 * 1024,
}

const FIRST_RECONNECT_MS = 50

/** `mayReconnect` is asked after each lost or failed connection. */
export function clientOptions(target: RedisTarget, limits: RedisLimits, mayReconnect: () => boolean): RedisOptions {
  return {
    host: target.host,
    port: target.port,
    ...(target.username === undefined ? {} : { username: target.username }),
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(target.tls ? { tls: {} } : {}),
    db: target.database,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // 0: what is unanswered when the connection breaks is rejected at once.
    maxRetriesPerRequest: 0,
    connectTimeout: limits.connectTimeoutMs,
    socketTimeout: limits.replyTimeoutMs,
    // After a fail-over this may have become a replica: connect again to reach the new primary behind the same name.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    retryStrategy: (attempt) => (mayReconnect() ? reconnectDelay(attempt, limits.maxReconnectMs) : null),
  }
}

/** Doubled from 50 ms up to the limit, and spread, so that the engines of one Redis do not all come back at once. */
export function reconnectDelay(attempt: number, limitMs: number, random: () => number = Math.random): number {
  return Math.round(backOffMs(attempt, { firstMs: FIRST_RECONNECT_MS, longestMs: limitMs, spread: [0.5, 1] }, random))
}
