// A worker's connection to an engine over a WebSocket: the frames of spec 01 on one side, the handle on the other.
// It outlives its sockets: after a break everything registered is told anew, calls under way fail, and none is sent twice.
import { hostname } from 'node:os'
import type { EngineMessage, WorkerMessage, WorkerRegistered } from '../../protocol/messages.ts'
import { createEnvelope, FrameKind } from '../../protocol/scanner/envelope.ts'
import { scanEnvelope } from '../../protocol/scanner/scan.ts'
import type { ChannelRef } from '../handle-types.ts'
import type { Receiver, Sidecar, Transport } from '../transport.ts'
import { ConnectionError } from './connection-error.ts'
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
  type DeliveredCall,
} from './socket-frames.ts'
import { SOCKET_LIMITS, type SocketAnnouncement, type SocketEvents, type SocketLimits } from './socket-options.ts'
import { shownUrl } from './shown-url.ts'
import { SocketRegistrations } from './socket-registrations.ts'

export interface SocketTransportOptions {
  /** ws:// or wss:// address of a worker listener. */
  readonly url: string
  readonly worker: SocketAnnouncement
  readonly limits?: Partial<SocketLimits>
  readonly events?: SocketEvents
  /** What goes with a call besides its payload; throws to refuse the call. */
  readonly prepare?: (functionId: string, sidecar: Sidecar | undefined) => Sidecar | undefined
  /** For the jitter of reconnects. Default `Math.random`. */
  readonly random?: () => number
}

const OVERLOADED = JSON.stringify({ code: 'overloaded', message: 'This worker has too many unanswered calls' })

export class SocketTransport implements Transport {
  readonly address: string
  readonly #limits: SocketLimits
  readonly #events: SocketEvents
  readonly #prepare: SocketTransportOptions['prepare']
  readonly #connection: SocketConnection
  readonly #registrations = new SocketRegistrations()
  readonly #calls: SocketCalls
  readonly #channels: SocketChannels
  readonly #envelope = createEnvelope()
  /** Calls that were delivered over the present connection and wait for an answer from here. */
  readonly #delivered = new Map<number, DeliveredCall>()
  #lastDelivered = 0
  #ids = new InvocationIds()
  #worker: SocketAnnouncement
  #receiver: Receiver | undefined
  #greeting: WorkerRegistered | undefined
  #open = true
  #congested = false

  constructor({ url, worker, limits, events = {}, prepare, random }: SocketTransportOptions) {
    this.address = url
    this.#worker = worker
    this.#limits = { ...SOCKET_LIMITS, ...limits }
    this.#events = events
    this.#prepare = prepare
    this.#connection = new SocketConnection(
      {
        url,
        limits: this.#limits,
        firstFrame: () => this.#reattach(),
        ...(random === undefined ? {} : { random }),
      },
      {
        up: (greeting) => this.#up(greeting),
        frame: (bytes) => this.#frame(bytes),
        written: () => this.#written(),
        down: (reason) => this.#down(reason),
        failed: (reason, attempt) => this.#events.onAttemptFailed?.(reason, attempt),
      },
    )
    this.#calls = new SocketCalls({
      limits: this.#limits,
      whyAway: () => `The engine at ${shownUrl(url)} is not connected: ${this.#connection.problem}.`,
      fail: (call, error) => this.#fail(call, error),
    })
    this.#channels = new SocketChannels(url, this.#limits)
  }

  get open(): boolean {
    return this.#open
  }

  get connected(): boolean {
    return this.#connection.up
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
    const call = { callId, functionId, payload, sidecar: prepared }
    if (this.#connection.up) this.#send(call)
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
    this.#registrations.note(message)
    if (this.#connection.up) this.#connection.send(JSON.stringify(message))
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
  end(): Promise<void> {
    if (this.#open) {
      this.#open = false
      this.#receiver?.onClosed()
      this.#calls.close()
      this.#channels.closeAll()
    }
    return this.#connection.close()
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
    this.#connection.send(announceFrame(this.#worker))
    for (const message of this.#registrations.all()) this.#connection.send(JSON.stringify(message))
    for (const call of this.#calls.takeWaiting()) this.#send(call)
    this.#events.onConnected?.(again)
  }

  #down(reason: string): void {
    // Answers to calls of a connection that is gone reach nobody.
    this.#delivered.clear()
    this.#written()
    this.#calls.broken(`The connection to the engine at ${shownUrl(this.address)} broke before it answered: ${reason}.`)
    if (this.#open) this.#events.onDisconnected?.(reason)
  }

  #send({ callId, functionId, payload, sidecar }: OutgoingCall): void {
    const id = callId === undefined ? undefined : this.#ids.idOf(callId)
    const frame = callFrame(id, functionId, payload, sidecar)
    const problem = this.#tooLarge(frame)
    if (problem !== undefined) {
      return this.#fail(
        { callId, functionId },
        new ConnectionError(`${problem}. The call was not sent.`, functionId, false),
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
    const bytes = Buffer.byteLength(frame)
    return bytes <= maxSentBytes
      ? undefined
      : `The frame has ${bytes} bytes; at most ${maxSentBytes} can be sent at once`
  }

  #fail({ callId, functionId }: { callId: number | undefined; functionId: string }, error: Error): void {
    if (callId === undefined) return this.#events.onVoidDropped?.(functionId, error.message)
    // Later, not at once: whoever makes the call has not begun to wait for it.
    queueMicrotask(() => this.#receiver?.onFailure(callId, error))
  }

  #frame(bytes: Buffer): void {
    const envelope = this.#envelope
    scanEnvelope(bytes, envelope)
    switch (envelope.kind) {
      case FrameKind.Invoke:
        return this.#deliver(bytes)
      case FrameKind.Result:
        return this.#settle(bytes)
      case FrameKind.Control:
        return this.#control(parseMessage(bytes) as unknown as EngineMessage)
      default:
        return this.#invalid()
    }
  }

  /** Whoever waits for the call of an undecodable frame is told at once, where the frame still says which call it is. */
  #invalid(): void {
    const { type, invocationId, functionId, problem, traceparent, baggage } = this.#envelope
    if (invocationId === undefined) return
    const body = JSON.stringify({ code: 'invalid_message', message: `The frame can't be decoded: ${problem}` })
    const callId = this.#ids.callOf(invocationId)
    if (type === 'invokefunction') {
      this.#connection.send(errorFrame({ invocationId, functionId, traceparent, baggage }, body))
    } else if (callId !== undefined && this.#calls.answered(callId)) this.#receiver?.onError(callId, body, false)
  }

  #deliver(bytes: Buffer): void {
    const { invocationId, functionId, dataStart, dataEnd, metadataStart, metadataEnd, traceparent, baggage } =
      this.#envelope
    const call = { invocationId: invocationId ?? '', functionId, traceparent, baggage }
    if (this.#delivered.size >= this.#limits.maxUnanswered) {
      if (invocationId !== undefined) this.#connection.send(errorFrame(call, OVERLOADED))
      return
    }
    do this.#lastDelivered = (this.#lastDelivered + 1) >>> 0
    while (this.#delivered.has(this.#lastDelivered))
    const callId = this.#lastDelivered
    if (invocationId !== undefined) this.#delivered.set(callId, call)
    const metadata = metadataStart === -1 ? undefined : bytes.toString('utf8', metadataStart, metadataEnd)
    const payload = dataStart === -1 ? undefined : bytes.toString('utf8', dataStart, dataEnd)
    this.#receiver?.onCall(callId, -1, functionId, payload, sidecarJson(traceparent, baggage, metadata))
  }

  #settle(bytes: Buffer): void {
    const { invocationId, errorStart, errorEnd, resultStart, resultEnd } = this.#envelope
    const callId = this.#ids.callOf(invocationId ?? '')
    if (callId === undefined || !this.#calls.answered(callId)) return
    if (errorStart !== -1) this.#receiver?.onError(callId, bytes.toString('utf8', errorStart, errorEnd), false)
    else
      this.#receiver?.onResult(callId, resultStart === -1 ? undefined : bytes.toString('utf8', resultStart, resultEnd))
  }

  #control(message: EngineMessage): void {
    if (message.type === 'ping') return this.#connection.send('{"type":"pong"}')
    if (message.type === 'registrationrejected' && message.code === 'WORKER_NAMESPACE_CONFLICT') {
      // The engine closes the connection now; with a name of its own this worker is let in (spec 06 C.1).
      const suffix = `-${hostname()}-${process.pid}`
      if (!this.#worker.name.endsWith(suffix)) this.#worker = { ...this.#worker, name: this.#worker.name + suffix }
    }
    this.#receiver?.onControl(message)
  }

  #takeDelivered(callId: number): DeliveredCall | undefined {
    const call = this.#delivered.get(callId)
    this.#delivered.delete(callId)
    return call
  }
}

function sidecarJson(
  traceparent: string | undefined,
  baggage: string | undefined,
  metadata: string | undefined,
): string | undefined {
  if (traceparent === undefined && baggage === undefined && metadata === undefined) return undefined
  const members = [
    ...(traceparent === undefined ? [] : [`"traceparent":${JSON.stringify(traceparent)}`]),
    ...(baggage === undefined ? [] : [`"baggage":${JSON.stringify(baggage)}`]),
    ...(metadata === undefined ? [] : [`"metadata":${metadata}`]),
  ]
  return `{${members.join(',')}}`
}

function tooLargeError(message: string): string {
  return JSON.stringify({ code: 'result_too_large', message })
}
