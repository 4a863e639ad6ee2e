// The link to an external worker: JSON text frames of spec 01 on a WebSocket, coalesced per turn.
// Only the way out; what comes in is read by core/gateway/connection.ts.
import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { DEFAULT_NAMESPACE, type EngineMessage } from '../../protocol/messages.ts'
import { Outbox } from '../../protocol/outbox.ts'
import { objectSplice } from '../../protocol/scanner/object-splice.ts'
import type { Provider } from '../registry/function-entry.ts'
import type { Call } from '../router/call.ts'
import type { Link } from './link.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Sockets with frames to write at the end of this turn. */
let dirty: SocketLink[] = []

function flushDirty(): void {
  const links = dirty
  dirty = []
  for (const link of links) link.flush()
}

export interface SocketLinkLimits {
  /** Bytes queued above which senders are paused and other providers preferred. */
  readonly softBytes: number
  /** Bytes queued above which the connection is closed with 1013 when that lasts `hardMs`. */
  readonly hardBytes: number
  readonly hardMs: number
}

export class SocketLink implements Link {
  readonly kind = 'socket'
  readonly #webSocket: WebSocket
  readonly #socket: Duplex
  readonly #limits: SocketLinkLimits
  readonly #outbox: Outbox
  /** Senders that wait for this socket to drain. */
  readonly #held = new Set<Link>()
  readonly #callIds: ReadonlyMap<string | number, Call>
  #isDirty = false
  #pauses = 0
  #hardTimer: NodeJS.Timeout | undefined

  /** @param callIds the worker's unanswered calls: ids in use. */
  constructor(webSocket: WebSocket, socket: Duplex, callIds: ReadonlyMap<string | number, Call>, limits: SocketLinkLimits) {
    this.#webSocket = webSocket
    this.#socket = socket
    this.#limits = limits
    this.#callIds = callIds
    this.#outbox = new Outbox({ write: (buffers) => this.#write(buffers) })
    socket.on('drain', () => this.#drained())
    socket.once('close', () => this.#ended())
  }

  get open(): boolean {
    return this.#webSocket.readyState === 1 && !this.#socket.destroyed
  }

  get queuedBytes(): number {
    return this.#socket.writableLength + this.#outbox.bytes
  }

  get congested(): boolean {
    return this.queuedBytes > this.#limits.softBytes
  }

  nextCallId(call: Call): string {
    const { invocationId } = call
    const usable = typeof invocationId === 'string' && invocationId.length === 36 && UUID.test(invocationId)
    return usable && !this.#callIds.has(invocationId) ? invocationId : randomUUID()
  }

  deliver(call: Call, callId: string | number, provider: Provider, callerWorkerId: string | undefined): void {
    let head = `{"type":"invokefunction","invocation_id":"${callId}","function_id":${provider.rawJsonId}`
    if (call.traceparent !== undefined) head += `,"traceparent":${JSON.stringify(call.traceparent)}`
    if (call.baggage !== undefined) head += `,"baggage":${JSON.stringify(call.baggage)}`
    if (call.metadata !== undefined) head += `,"metadata":${call.metadata.utf8Slice()}`
    head += ',"data":'
    const { data } = call
    const members = callerWorkerId === undefined ? 0 : objectSplice(data)
    if (members === 0) return this.#text(head, data, '}')
    // The last key wins, so a `_caller_worker_id` that the caller wrote loses, however it is escaped.
    const tail = `${members === 1 ? '' : ','}"_caller_worker_id":"${callerWorkerId}"}}`
    this.#text(head, data.subarray(0, data.length - 1), tail)
  }

  answer(call: Call, result: Buffer | undefined, error: Buffer | undefined): void {
    let head = `{"type":"invocationresult","invocation_id":${quote(call.invocationId)},"function_id":${JSON.stringify(call.functionId)}`
    if (call.traceparent !== undefined) head += `,"traceparent":${JSON.stringify(call.traceparent)}`
    if (call.baggage !== undefined) head += `,"baggage":${JSON.stringify(call.baggage)}`
    if (error !== undefined) this.#text(`${head},"error":`, error, '}')
    else if (result !== undefined) this.#text(`${head},"result":`, result, '}')
    else this.#text(head, undefined, '}')
  }

  send(message: EngineMessage): void {
    this.#text(JSON.stringify(withoutDefaults(message)), undefined, '')
  }

  throttle(sender: Link): void {
    if (this.#held.has(sender)) return
    this.#held.add(sender)
    sender.pause()
  }

  pause(): void {
    if (this.#pauses++ === 0) this.#webSocket.pause()
  }

  resume(): void {
    if (--this.#pauses === 0) this.#webSocket.resume()
  }

  flush(): void {
    this.#isDirty = false
    this.#outbox.flush()
  }

  close(code: number, reason: string): void {
    this.flush()
    if (this.#webSocket.readyState === 1) this.#webSocket.close(code, reason)
  }

  terminate(): void {
    this.#webSocket.terminate()
  }

  #text(head: string, body: Buffer | undefined, tail: string): void {
    if (!this.open) return
    this.#outbox.text(head, body, tail)
    if (this.#isDirty) return
    this.#isDirty = true
    if (dirty.push(this) === 1) process.nextTick(flushDirty)
  }

  #write(buffers: readonly Buffer[]): void {
    const socket = this.#socket
    if (socket.destroyed) return
    if (buffers.length === 1) {
      socket.write(buffers[0])
    } else {
      socket.cork()
      for (const buffer of buffers) socket.write(buffer)
      socket.uncork()
    }
    if (socket.writableLength > this.#limits.hardBytes) this.#watchHardLimit()
  }

  #watchHardLimit(): void {
    this.#hardTimer ??= setTimeout(() => {
      this.#hardTimer = undefined
      if (this.#socket.writableLength > this.#limits.hardBytes) this.#giveUp()
    }, this.#limits.hardMs).unref()
  }

  /** The peer does not read: a close frame would wait behind the rest, so the socket is cut once the frame had its chance. */
  #giveUp(): void {
    this.#webSocket.close(1013, 'the peer does not read')
    this.terminate()
  }

  #drained(): void {
    if (this.#hardTimer !== undefined && this.#socket.writableLength <= this.#limits.hardBytes) {
      clearTimeout(this.#hardTimer)
      this.#hardTimer = undefined
    }
    if (this.#held.size > 0) this.#release()
  }

  #ended(): void {
    clearTimeout(this.#hardTimer)
    this.#outbox.discard()
    this.#release()
  }

  #release(): void {
    const senders = [...this.#held]
    this.#held.clear()
    for (const sender of senders) sender.resume()
  }
}

/** An id that is echoed: most are plain ASCII without a character that JSON escapes. */
function quote(id: string | number | undefined): string {
  return JSON.stringify(String(id))
}

/** Clients that know no namespaces get frames without them (spec 01 §6). */
function withoutDefaults(message: EngineMessage): EngineMessage {
  if (message.type !== 'registertrigger') return message
  const { namespace, trigger_namespace: triggerNamespace, ...rest } = message
  return {
    ...rest,
    ...(namespace === undefined || namespace === DEFAULT_NAMESPACE ? {} : { namespace }),
    ...(triggerNamespace === undefined || triggerNamespace === DEFAULT_NAMESPACE ? {} : { trigger_namespace: triggerNamespace }),
  }
}
