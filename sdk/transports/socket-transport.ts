// A worker's connection to an engine over a WebSocket: the frames of spec 01 on one side, the handle on the other.
// It outlives its sockets: after a break everything registered is told anew, calls under way fail, and none is sent twice.
import { utf8Length } from '../../base/values/utf8-length.ts'
import type { EngineMessage, RegistrationRejected, WorkerMessage, WorkerRegistered } from '../../protocol/messages.ts'
import { FrameKind } from '../../protocol/scanner/envelope.ts'
import type { ChannelRef } from '../handle-types.ts'
import type { Receiver, Sidecar, Transport } from '../transport.ts'
import { ConnectionError, type ConnectionCodes } from './connection-error.ts'
import { SocketCalls, type OutgoingCall } from './socket-calls.ts'
import { SocketChannels } from './socket-channels.ts'
import { SocketConnection } from './socket-connection.ts'
import {
  announceFrame,
  callFrame,
  errorFrame,
  InvocationIds,
  parseMessage,
  resultFrame,
  sidecarJson,
  type DeliveredCall,
} from './socket-frames.ts'
import {
  SOCKET_LIMITS,
  type ConnectionState,
  type SocketAnnouncement,
  type SocketEvents,
  type SocketLimits,
} from './socket-options.ts'
import type { Frame, IncomingFrame, SocketPlatform } from './socket-platform.ts'
import { shownUrl } from './shown-url.ts'
import { SocketRegistrations } from './socket-registrations.ts'

export interface SocketTransportOptions {
  /** ws:// or wss:// address of a worker listener. */
  readonly url: string
  readonly platform: SocketPlatform
  readonly worker: SocketAnnouncement
  /** Sent with the upgrade of the worker's connection, where the platform can. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly limits?: Partial<SocketLimits>
  readonly events?: SocketEvents
  /** What goes with a call besides its payload; throws to refuse the call. */
  readonly prepare?: (functionId: string, sidecar: Sidecar | undefined) => Sidecar | undefined
  /** Codes of calls that fail because of the connection. Default `bridge_error` for both. */
  readonly codes?: ConnectionCodes
  /** Another name for this worker where the engine has one of its name. Default: the engine's refusal ends the connection for good. */
  readonly nameAfterConflict?: (name: string) => string
  /** The error that calls end with when the engine's refusal has ended the connection. */
  readonly refusal?: (message: RegistrationRejected) => Error
  /** For the jitter of reconnects. Default `Math.random`. */
  readonly random?: () => number
}

const OVERLOADED = JSON.stringify({ code: 'overloaded', message: 'This worker has too many unanswered calls' })

const BRIDGE_CODES = { away: 'bridge_error', broken: 'bridge_error' }

export class SocketTransport implements Transport {
  readonly address: string
  readonly #limits: SocketLimits
  readonly #events: SocketEvents
  readonly #platform: SocketPlatform
  readonly #codes: ConnectionCodes
  readonly #prepare: SocketTransportOptions['prepare']
  readonly #nameAfterConflict: SocketTransportOptions['nameAfterConflict']
  readonly #refusal: SocketTransportOptions['refusal']
  readonly #connection: SocketConnection
  readonly #registrations = new SocketRegistrations()
  readonly #calls: SocketCalls
  readonly #channels: SocketChannels
  /** Calls that were delivered over the present connection and wait for an answer from here. */
  readonly #delivered = new Map<number, DeliveredCall>()
  #lastDelivered = 0
  #ids = new InvocationIds()
  #worker: SocketAnnouncement
  #receiver: Receiver | undefined
  #greeting: WorkerRegistered | undefined
  #open = true
  #congested = false

  constructor(options: SocketTransportOptions) {
    const { url, platform, worker, headers, limits, events = {}, random, codes = BRIDGE_CODES } = options
    this.address = url
    this.#platform = platform
    this.#codes = codes
    this.#nameAfterConflict = options.nameAfterConflict
    this.#refusal = options.refusal
    this.#worker = worker
    this.#limits = { ...SOCKET_LIMITS, ...limits }
    this.#events = events
    this.#prepare = options.prepare
    this.#connection = new SocketConnection(
      {
        url,
        platform,
        limits: this.#limits,
        headers,
        firstFrame: () => this.#reattach(),
        random,
      },
      {
        up: (greeting) => this.#up(greeting),
        frame: (frame) => this.#frame(frame),
        written: () => this.#written(),
        down: (reason) => this.#down(reason),
        failed: (reason, attempt) => this.#events.onAttemptFailed?.(reason, attempt),
        givenUp: () => this.#calls.giveUp(),
        state: (state) => this.#events.onState?.(state),
      },
    )
    this.#calls = new SocketCalls({
      limits: this.#limits,
      codes,
      whyAway: () => this.#whyAway(),
      fail: (call, error) => this.#fail(call, error),
      isWaitedFor: (callId) => this.#receiver!.isWaitedFor(callId),
    })
    this.#channels = new SocketChannels(url, platform, this.#limits)
  }

  get open(): boolean {
    return this.#open
  }

  get connected(): boolean {
    return this.#connection.up
  }

  get state(): ConnectionState {
    return this.#connection.state
  }

  get problem(): string | undefined {
    return this.#connection.up ? undefined : this.#whyAway()
  }

  get congested(): boolean {
    // Half of it must go before it is over, so that it does not begin anew with the next call.
    const { maxBufferedBytes } = this.#limits
    if (!this.#congested) this.#congested = this.#connection.bufferedBytes > maxBufferedBytes
    return this.#congested
  }

  /** Begins to connect, in the background. */
  start(receiver: Receiver): void {
    this.#receiver = receiver
    this.#channels.receiver = receiver
    this.#connection.open()
  }

  call(
    callId: number | undefined,
    functionId: string,
    payload: string | undefined,
    sidecar: Sidecar | undefined,
  ): void {
    if (!this.#open) return
    let prepared = sidecar
    try {
      if (this.#prepare !== undefined) prepared = this.#prepare(functionId, sidecar)
    } catch (error) {
      return this.#fail({ callId, functionId }, error as Error)
    }
    this.send({ callId, functionId, payload, sidecar: prepared })
  }

  /** As `call`, of one that is prepared. */
  send(call: OutgoingCall): void {
    if (this.#connection.up) this.#write(call)
    else if (this.#connection.state === 'failed') this.#calls.refuse(call)
    else this.#calls.wait(call)
  }

  result(callId: number, json: string | undefined): void {
    const call = this.#takeDelivered(callId)
    if (call === undefined) return
    const frame = resultFrame(call, json)
    const problem = this.#tooLarge(frame)
    if (problem === undefined) this.#connection.send(frame)
    else this.#connection.send(errorFrame(call, tooLargeError(problem)))
  }

  error(callId: number, json: string): void {
    const call = this.#takeDelivered(callId)
    if (call === undefined) return
    const frame = errorFrame(call, json)
    const problem = this.#tooLarge(frame)
    this.#connection.send(problem === undefined ? frame : errorFrame(call, tooLargeError(problem)))
  }

  control(message: WorkerMessage): void {
    // First of all: what can't be sent must not be tried again with each connection.
    const frame = JSON.stringify(message)
    const problem = this.#tooLarge(frame)
    if (problem !== undefined) throw new Error(problem)
    this.#registrations.note(message, frame)
    if (this.#connection.up) this.#connection.send(frame)
  }

  /** Sends a frame that is about this worker and no part of the handle's talk; false when there is no connection, or too much waits. */
  report(frame: Uint8Array): boolean {
    if (!this.#connection.up || this.congested) return false
    this.#connection.send(frame)
    return true
  }

  /** Calls that wait for the connection fail now, as if their time were up. */
  giveUp(): void {
    this.#calls.giveUp()
  }

  openChannel(end: number, ref: ChannelRef): void {
    this.#channels.open(end, ref)
  }

  channelText(end: number, text: string): void {
    this.#channels.send(end, text)
  }

  channelBinary(end: number, bytes: Uint8Array): void {
    this.#channels.send(end, bytes)
  }

  channelClose(end: number, code: number, reason: string): void {
    this.#channels.close(end, code, reason)
  }

  channelCredit(end: number, bytes: number): void {
    this.#channels.credit(end, bytes)
  }

  close(): void {
    void this.end()
  }

  /** Closes it; resolves when the socket is gone. */
  end(reason?: Error): Promise<void> {
    this.#stop(reason)
    return this.#connection.close()
  }

  #stop(reason?: Error): void {
    if (!this.#open) return
    this.#open = false
    this.#receiver?.onClosed(reason)
    this.#calls.giveUp()
    this.#channels.closeAll()
  }

  #whyAway(): string {
    return `The engine at ${shownUrl(this.address)} is not connected: ${this.#connection.problem}.`
  }

  #written(): void {
    if (!this.#congested || this.#connection.bufferedBytes > this.#limits.maxBufferedBytes / 2) return
    this.#congested = false
    this.#receiver?.onDrained()
  }

  #reattach(): string | undefined {
    if (this.#greeting === undefined) return undefined
    const { worker_id: previous_worker_id, reattach_token } = this.#greeting
    return JSON.stringify({ type: 'reattach', previous_worker_id, reattach_token })
  }

  #up(greeting: WorkerRegistered): void {
    const again = this.#greeting !== undefined
    this.#greeting = greeting
    this.#ids = new InvocationIds()
    // In one go, so that nothing stands between: announce, registrations, calls that waited (spec 08 §13).
    this.#connection.send(announceFrame(this.#worker, this.#platform.about()))
    for (const frame of this.#registrations.all()) this.#connection.send(frame)
    for (const call of this.#calls.takeWaiting()) this.#write(call)
    this.#events.onConnected?.(again)
  }

  #down(reason: string): void {
    // Answers to calls of a connection that is gone reach nobody.
    this.#delivered.clear()
    this.#written()
    this.#calls.broken(`The connection to the engine at ${shownUrl(this.address)} broke before it answered: ${reason}.`)
    if (this.#open) this.#events.onDisconnected?.(reason)
  }

  #write({ callId, functionId, payload, sidecar }: OutgoingCall): void {
    const id = callId === undefined ? undefined : this.#ids.idOf(callId)
    let frame: string
    try {
      frame = callFrame(id, functionId, payload, sidecar)
    } catch (error) {
      // It may have waited for this connection, and its caller with it.
      return this.#fail({ callId, functionId }, error as Error)
    }
    const problem = this.#tooLarge(frame)
    if (problem !== undefined) {
      return this.#fail(
        { callId, functionId },
        new ConnectionError(this.#codes, `${problem}. The call was not sent.`, functionId, false),
      )
    }
    if (callId !== undefined) this.#calls.sent(callId, functionId)
    this.#connection.send(frame)
  }

  /** What is wrong with a frame for which the engine would close the connection, and with it fail all other calls. */
  #tooLarge(frame: string): string | undefined {
    const { maxSentBytes } = this.#limits
    // No character has more than three bytes of UTF-8 per unit of a string.
    if (frame.length * 3 <= maxSentBytes) return undefined
    const bytes = utf8Length(frame)
    return bytes <= maxSentBytes
      ? undefined
      : `The frame has ${bytes} bytes; at most ${maxSentBytes} can be sent at once`
  }

  #fail(call: { callId: number | undefined; functionId: string }, error: Error): void {
    const { callId } = call
    if (callId === undefined) this.#events.onVoidDropped?.(call, error)
    // Later, not at once: whoever makes the call has not begun to wait for it.
    else queueMicrotask(() => this.#receiver?.onFailure(callId, error))
  }

  #frame(text: Frame): void {
    const frame = this.#platform.read(text)
    switch (frame.kind) {
      case FrameKind.Invoke:
        return this.#deliver(frame)
      case FrameKind.Result:
        return this.#settle(frame)
      case FrameKind.Control:
        return this.#control(parseMessage(text) as unknown as EngineMessage)
      default:
        return this.#invalid(frame)
    }
  }

  /** Whoever waits for the call of an undecodable frame is told at once, where the frame still says which call it is. */
  #invalid({ type, invocationId, functionId, problem, traceparent, baggage }: IncomingFrame): void {
    if (invocationId === undefined) return
    const body = JSON.stringify({ code: 'invalid_message', message: `The frame can't be decoded: ${problem}` })
    const callId = this.#ids.callOf(invocationId)
    if (type === 'invokefunction') {
      this.#connection.send(errorFrame({ invocationId, functionId, traceparent, baggage }, body))
    } else if (callId !== undefined && this.#calls.answered(callId)) this.#receiver?.onError(callId, body, false)
  }

  #deliver({ invocationId, functionId, data, metadata, traceparent, baggage }: IncomingFrame): void {
    const call = { invocationId: invocationId ?? '', functionId, traceparent, baggage }
    if (this.#delivered.size >= this.#limits.maxUnanswered) {
      if (invocationId !== undefined) this.#connection.send(errorFrame(call, OVERLOADED))
      return
    }
    do this.#lastDelivered = (this.#lastDelivered + 1) >>> 0
    while (this.#delivered.has(this.#lastDelivered))
    const callId = this.#lastDelivered
    if (invocationId !== undefined) this.#delivered.set(callId, call)
    this.#receiver?.onCall(callId, -1, functionId, data, sidecarJson(traceparent, baggage, metadata))
  }

  #settle({ invocationId, error, result }: IncomingFrame): void {
    const callId = this.#ids.callOf(invocationId ?? '')
    if (callId === undefined || !this.#calls.answered(callId)) return
    if (error === undefined) this.#receiver?.onResult(callId, result)
    else this.#receiver?.onError(callId, error, false)
  }

  #control(message: EngineMessage): void {
    if (message.type === 'ping') return this.#connection.send('{"type":"pong"}')
    // The engine closes the connection now; only about a function it does not.
    if (message.type === 'registrationrejected' && message.code !== 'FUNCTION_NAMESPACE_CONFLICT') {
      const { name } = this.#worker
      if (this.#nameAfterConflict === undefined) this.#refused(message)
      else this.#worker = { ...this.#worker, name: this.#nameAfterConflict(name) }
    }
    this.#receiver?.onControl(message)
  }

  #refused(message: RegistrationRejected): void {
    this.#stop(this.#refusal?.(message))
    this.#connection.fail(`it refused this worker: ${message.code}`)
  }

  #takeDelivered(callId: number): DeliveredCall | undefined {
    const call = this.#delivered.get(callId)
    this.#delivered.delete(callId)
    return call
  }
}

function tooLargeError(message: string): string {
  return JSON.stringify({ code: 'result_too_large', message })
}
