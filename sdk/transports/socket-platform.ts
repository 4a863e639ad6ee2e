// What a connection over WebSockets needs of the place where it runs: Node with `ws`, or a browser.
import type { FrameKind } from '../../protocol/scanner/envelope.ts'

/** As the platform's sockets give them. */
export type Frame = Uint8Array | string

/** A frame with its payloads as they were written. */
export interface IncomingFrame {
  readonly kind: FrameKind
  readonly type: string
  readonly invocationId: string | undefined
  readonly functionId: string
  readonly traceparent: string | undefined
  readonly baggage: string | undefined
  /** JSON, as are the other three. */
  readonly data: string | undefined
  readonly metadata: string | undefined
  readonly result: string | undefined
  readonly error: string | undefined
  /** For kind Invalid: what is wrong. */
  readonly problem: string
}

export interface SocketOptions {
  /** Largest message that is read. */
  readonly maxFrameBytes: number
  /** From the attempt to connect until the socket is open. */
  readonly handshakeMs: number
  /** Sent with the upgrade, where the platform can. */
  readonly headers?: Readonly<Record<string, string>>
}

/** In the order of what happens; nothing comes after `closed`. */
export interface SocketListener {
  opened(): void
  /** Something came that is no frame: the other end lives. */
  sign(): void
  text(frame: Frame): void
  binary(bytes: Uint8Array): void
  /** `fault`: what went wrong before it was closed, which says more than the close. `status`: the HTTP status instead of an upgrade. */
  closed(code: number, reason: string, fault?: string, status?: number): void
}

export interface PlatformSocket {
  readonly state: 'connecting' | 'open' | 'closed'
  /** Sent and not yet gone. */
  readonly bufferedBytes: number
  /** `written`: it has left, or is lost with its socket. */
  send(item: string | Uint8Array, written?: (error?: Error | null) => void): void
  /** Has the other end say that it lives. */
  ping(): void
  /** Without a code: as a client that says none. */
  close(code?: number, reason?: string): void
  /** Closed at once, without waiting for the other end. */
  terminate(): void
  /** Reads no further for now; where the platform can't, what comes is handed on. */
  pause(): void
  resume(): void
}

export interface SocketPlatform {
  open(url: string, options: SocketOptions, listener: SocketListener): PlatformSocket
  read(frame: Frame): IncomingFrame
  /** What the announce says of the place, beside name and version. */
  about(): Readonly<Record<string, unknown>>
  /** Calls back when there may be a network again; returns what ends it. */
  onOnline?(listener: () => void): () => void
}
