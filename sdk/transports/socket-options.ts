// What a socket connection to an engine can be told, with every default in one place.

/** How a worker names itself to the engine. */
export interface SocketAnnouncement {
  readonly name: string
  readonly description?: string
  readonly namespace?: string
  /** Whatever else is to be said in the announce. */
  readonly more?: Readonly<Record<string, unknown>>
}

export interface SocketLimits {
  /** How long a call waits for the connection while there is none; Infinity: as long as its caller. Default 1,000. */
  readonly awayMs: number
  /** Calls that wait for the connection at once. Default 10,000. */
  readonly maxWaitingCalls: number
  /** Characters of their payloads. Default 16 Mi. */
  readonly maxWaitingLength: number
  /** Calls that wait for an answer; above it the oldest is given up. Default 100,000, as the engine's `max_unanswered`. */
  readonly maxUnanswered: number
  /** Bytes that the socket has not sent yet; above it new calls are refused. Default 64 MiB. */
  readonly maxBufferedBytes: number
  /** Largest frame that is sent: for a larger one the engine would close the connection. Default 64 MiB. */
  readonly maxSentBytes: number
  /** Largest frame that is read. Default 100 MiB. */
  readonly maxFrameBytes: number
  /** Bytes of a channel that were read and that nobody has taken, where reading can't be paused. Default 64 MiB. */
  readonly maxUntakenBytes: number
  /** From the attempt to connect until the engine has greeted. Default 10,000. */
  readonly handshakeMs: number
  /** How often the engine is pinged. Default 20,000. */
  readonly pingMs: number
  /** Silence after which the connection counts as dead. Default 60,000. */
  readonly idleMs: number
  /** First wait before a reconnect, doubled for each further one. Default 100. */
  readonly reconnectMs: number
  /** Longest wait before a reconnect. Default 10,000. */
  readonly maxReconnectMs: number
  /** How much longer each wait is than the one before. Default 2. */
  readonly reconnectFactor: number
  /** Attempts that may fail in a row before there are no more; Infinity = no end. Default Infinity. */
  readonly maxRetries: number
  /** A connection that lasted so long makes the waits short again. Default 1,000. */
  readonly stableMs: number
  /** Each wait is longer or shorter by up to this share of it, so that workers do not come back all at once. Default 0.3. */
  readonly reconnectJitter: number
  /** How long the end of a connection may take. Default 1,000. */
  readonly closeMs: number
}

export const SOCKET_LIMITS: SocketLimits = {
  awayMs: 1_000,
  maxWaitingCalls: 10_000,
  maxWaitingLength: 16 << 20,
  maxUnanswered: 100_000,
  maxBufferedBytes: 64 << 20,
  maxSentBytes: 64 << 20,
  maxFrameBytes: 100 << 20,
  maxUntakenBytes: 64 << 20,
  handshakeMs: 10_000,
  pingMs: 20_000,
  idleMs: 60_000,
  reconnectMs: 100,
  maxReconnectMs: 10_000,
  reconnectFactor: 2,
  maxRetries: Infinity,
  stableMs: 1_000,
  reconnectJitter: 0.3,
  closeMs: 1_000,
}

/**
 * What a connection is doing. `disconnected`: it is closed, or has just broken; `reconnecting`: it waits for the next attempt; `failed`:
 * there will be no more.
 */
export type ConnectionState = 'disconnected' | 'connecting' | 'connected' | 'reconnecting' | 'failed'

/** With payload and sidecar where it has waited for the connection. */
export interface DroppedCall {
  readonly functionId: string
}

/** What becomes of the connection, for the log. */
export interface SocketEvents {
  /** Greeted, and everything registered has been sent. `again` = not for the first time. */
  onConnected?(again: boolean): void
  /** The connection that was there is gone. */
  onDisconnected?(reason: string): void
  /** One attempt failed; there will be another one. */
  onAttemptFailed?(reason: string, attempt: number): void
  /** After each change. */
  onState?(state: ConnectionState): void
  /** A call that nobody waits for could not be sent. */
  onVoidDropped?(call: DroppedCall, error: Error): void
}
