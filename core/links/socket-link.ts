// The link to an external worker: JSON text frames of spec 01 on a WebSocket, coalesced per turn.
// Only the way out; what comes in is read by core/gateway/connection.ts.
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { SocketWriter } from '../../base/net/socket-writer.ts'
import { DEFAULT_NAMESPACE, type EngineMessage } from '../../protocol/messages.ts'
import { Outbox, type OutboxSink } from '../../protocol/outbox.ts'
import { giveAllBack, type Region } from '../../protocol/slabs.ts'
import { objectSplice, Splice } from '../../protocol/scanner/object-splice.ts'
import type { Provider } from '../model/function-entry.ts'
import { LazySet } from '../../base/values/lazy-set.ts'
import type { Call } from '../model/call.ts'
import { flushAfterTurn } from './flush-turn.ts'
import { tooLargeText, type FrameLimit } from '../model/frame-limit.ts'
import type { Link, TooLarge } from '../model/link.ts'
import type { Worker } from '../model/worker.ts'

/**
 * So much is written without waiting for the end of the turn: the peer begins with it while the rest is built, and it is still in
 * the processor's cache. (docs/decisions/2026-11-20-outbox.md)
 */
const EAGER_BYTES = 8 * 1024

/** How long a peer that does not read may take to come to its close frame after all. */
const LAST_CHANCE_MS = 5000

/** How long others are paused for a peer that does not read: far below the time-outs of those who call them. */
const PATIENCE_MS = 5000

export interface SocketLinkLimits {
  /** Size of the largest frame, in either direction. */
  readonly frameBytes: number
  /** The same as a limit that calls are held against. */
  readonly frame: FrameLimit
  /** Bytes queued above which senders are paused, for five seconds or `hardMs` at most, and other providers preferred. */
  readonly softBytes: number
  /** Bytes queued above which the connection is closed with 1013 when that lasts `hardMs`; twice as many end it at once if nobody waits for it any more. */
  readonly hardBytes: number
  readonly hardMs: number
}

/** Whose link it is. */
export interface SocketLinkOwner {
  readonly worker: Worker
  /** The peer has not read for so long that the connection is to end. */
  peerStuck(): void
}

export class SocketLink implements Link, OutboxSink {
  // What every delivery looks at comes first: of a thousand links in turn, each piece of memory has to be fetched anew.
  readonly kind = 'socket'
  readonly #webSocket: WebSocket
  readonly #writer: SocketWriter
  readonly #outbox: Outbox
  readonly #limits: SocketLinkLimits
  #frameLimit: FrameLimit
  #isDirty = false
  readonly #socket: Duplex
  readonly #owner: SocketLinkOwner
  /** Senders that wait for this socket to drain. */
  readonly #held = new LazySet<Link>()
  #pauses = 0
  #hardTimer: NodeJS.Timeout | undefined
  #patience: NodeJS.Timeout | undefined
  /** Others waited for this peer long enough: nobody is paused for it until it has read. */
  #isHopeless = false

  /** The owner calls `ended` when the socket has closed: a listener of each link's own would take room in every connection. */
  constructor(webSocket: WebSocket, socket: Duplex, limits: SocketLinkLimits, owner: SocketLinkOwner) {
    this.#webSocket = webSocket
    this.#socket = socket
    this.#writer = new SocketWriter(socket)
    this.#limits = limits
    this.#frameLimit = limits.frame
    this.#owner = owner
    this.#outbox = new Outbox(this)
  }

  /** A socket that was destroyed is found here on the next tick, before anything else can have come in. */
  get open(): boolean {
    return this.#webSocket.readyState === 1
  }

  get queuedBytes(): number {
    return this.#writer.unwritten + this.#outbox.bytes
  }

  get congested(): boolean {
    return this.queuedBytes > this.#limits.softBytes
  }

  get maxFrameBytes(): number {
    return this.#frameLimit.bytes
  }

  limitFrames(limit: FrameLimit): void {
    if (limit.bytes < this.#frameLimit.bytes) this.#frameLimit = limit
  }

  tooLarge(call: Call, provider: Provider, callerWorkerId: string | undefined): TooLarge | undefined {
    const limit = this.#frameLimit
    const { data, metadata, traceparent, baggage } = call
    // The rest of the frame is counted only where it could matter.
    const beside = (metadata?.length ?? 0) + (baggage?.length ?? 0) + ROOM_FOR_REST
    if (data.length + beside < limit.bytes) return undefined
    let bytes = INVOKE.length + provider.invokeMiddle.length + data.length + END.length
    let added = UUID_BYTES
    if (callerWorkerId !== undefined) {
      const members = objectSplice(data)
      // One closing brace of the payload is part of the tail, too.
      if (members !== Splice.NotAnObject) added += callerTail(callerWorkerId, members === Splice.WithMembers).length - 2
    }
    if (traceparent !== undefined) bytes += byteLength(`,"traceparent":${JSON.stringify(traceparent)}`)
    if (baggage !== undefined) bytes += byteLength(`,"baggage":${JSON.stringify(baggage)}`)
    if (metadata !== undefined) bytes += byteLength(',"metadata":') + metadata.length
    if (limit.isOwn !== true) bytes += added
    if (bytes <= limit.bytes) return undefined
    return { limit, message: tooLargeText(`The call of '${call.functionId}'`, bytes, 'its worker', limit) }
  }

  nextCallId(call: Call): string {
    const { invocationId } = call
    const { worker } = this.#owner
    return typeof invocationId === 'string' && isUuid(invocationId) && worker.isCallIdFree(invocationId)
      ? invocationId
      : worker.newCallId()
  }

  deliver(call: Call, callId: string | number, provider: Provider, callerWorkerId: string | undefined): void {
    const { data } = call
    const members = callerWorkerId === undefined ? Splice.NotAnObject : objectSplice(data)
    // The last key wins, so a `_caller_worker_id` that the caller wrote loses, however it is escaped.
    const spliced = members !== Splice.NotAnObject
    const tail = spliced ? callerTail(callerWorkerId as string, members === Splice.WithMembers) : END
    // The tail ends the payload anew.
    const replaced = spliced ? 1 : 0
    if (call.metadata === undefined && call.traceparent === undefined && call.baggage === undefined) {
      if (!this.open) return
      this.#outbox.ascii(INVOKE, callId as string, provider.invokeMiddle, data, tail, replaced)
      return this.#added()
    }
    let head = `{"type":"invokefunction","invocation_id":"${callId}","function_id":${provider.rawJsonId}`
    if (call.traceparent !== undefined) head += `,"traceparent":${JSON.stringify(call.traceparent)}`
    if (call.baggage !== undefined) head += `,"baggage":${JSON.stringify(call.baggage)}`
    if (call.metadata !== undefined) head += `,"metadata":${call.metadata.utf8Slice()}`
    this.#text(`${head},"data":`, data.subarray(0, data.length - replaced), tail.latin1Slice())
  }

  answer(call: Call, result: Buffer | undefined, error: Buffer | undefined): void {
    // Nothing in a UUID needs an escape; an id that went on as the callee's is one.
    const { invocationId } = call
    const isPlain = invocationId === call.callId || (typeof invocationId === 'string' && isUuid(invocationId))
    const hasTrace = call.traceparent !== undefined || call.baggage !== undefined
    if (isPlain && !hasTrace && result !== undefined && error === undefined) {
      if (!this.open) return
      const middle = resultMiddle(call.functionId)
      const bytes = RESULT.length + UUID_BYTES + middle.length + result.length + END.length
      if (bytes > this.#frameLimit.bytes) return this.#answerTooLarge(call, bytes)
      this.#outbox.ascii(RESULT, invocationId as string, middle, result, END)
      return this.#added()
    }
    let head = `{"type":"invocationresult","invocation_id":${JSON.stringify(call.invocationId)},"function_id":${JSON.stringify(call.functionId)}`
    if (call.traceparent !== undefined) head += `,"traceparent":${JSON.stringify(call.traceparent)}`
    if (call.baggage !== undefined) head += `,"baggage":${JSON.stringify(call.baggage)}`
    const value = error ?? result
    if (value === undefined) return this.#text(head, undefined, '}')
    head += error === undefined ? ',"result":' : ',"error":'
    const bytes = value.length + byteLength(head) + 1
    if (bytes > this.#frameLimit.bytes) return this.#answerTooLarge(call, bytes)
    this.#text(head, value, '}')
  }

  /** What comes before the first frame, in ASCII. */
  begin(text: string): void {
    this.#outbox.plain(text)
    this.#added()
  }

  send(message: EngineMessage): boolean {
    const frame = JSON.stringify(withoutDefaults(message))
    const { bytes } = this.#frameLimit
    // No character has more than three bytes of UTF-8 per unit of a string.
    if (frame.length * 3 > bytes && byteLength(frame) > bytes) return false
    this.#text(frame, undefined, '')
    return true
  }

  /** Not read at the moment for another reason than its own slowness. */
  get isHeldBack(): boolean {
    return this.#pauses > (this.#held.has(this) ? 1 : 0)
  }

  throttle(sender: Link): void {
    if (!this.open || this.#held.has(sender)) return
    if (sender !== this) {
      if (this.#isHopeless) return
      this.#patience ??= setTimeout(() => this.#losePatience(), Math.min(PATIENCE_MS, this.#limits.hardMs)).unref()
    }
    this.#held.add(sender)
    sender.pause()
  }

  pause(): void {
    if (this.#pauses++ === 0 && this.open) this.#webSocket.pause()
  }

  resume(): void {
    if (--this.#pauses === 0) this.#webSocket.resume()
  }

  flush(): void {
    this.#isDirty = false
    // Nothing may follow a close frame.
    if (this.open && !this.#socket.destroyed) this.#outbox.flush()
    else this.#outbox.discard()
  }

  close(code: number, reason: string): void {
    this.flush()
    this.#release()
    clearTimeout(this.#hardTimer)
    if (this.#webSocket.readyState !== 1) return
    this.#webSocket.close(code, reason)
    // Else the peer's answer to the close frame would not be read.
    this.#webSocket.resume()
  }

  terminate(): void {
    this.#webSocket.terminate()
  }

  /** Without what else the call carries: this has to be small. */
  #answerTooLarge({ invocationId, functionId }: Call, bytes: number): void {
    const message = tooLargeText(`The answer of '${functionId}'`, bytes, 'the caller', this.#frameLimit)
    const error = { code: 'result_too_large', message }
    const frame = { type: 'invocationresult', invocation_id: invocationId, function_id: functionId, error }
    this.#text(JSON.stringify(frame), undefined, '')
  }

  #text(head: string, body: Buffer | undefined, tail: string): void {
    if (!this.open) return
    this.#outbox.text(head, body, tail)
    this.#added()
  }

  #added(): void {
    if (this.#outbox.bytes >= EAGER_BYTES) return this.#outbox.flush()
    if (this.#isDirty) return
    this.#isDirty = true
    flushAfterTurn(this)
  }

  /** For its outbox. */
  write(buffers: readonly Buffer[], lent: readonly Region[]): void {
    if (this.#writer.write(buffers)) {
      giveAllBack(lent)
      return this.#drained()
    }
    this.#writer.afterwards(() => {
      giveAllBack(lent)
      this.#drained()
    })
    const { unwritten } = this.#writer
    const { hardBytes } = this.#limits
    if (unwritten <= hardBytes) return
    // Answers are always accepted, and no one is paused for a hopeless peer: nothing else would bound them.
    if (this.#isHopeless && unwritten > 2 * hardBytes) process.nextTick(() => this.open && this.#giveUp())
    else this.#watchHardLimit()
  }

  #watchHardLimit(): void {
    this.#hardTimer ??= setTimeout(() => {
      this.#hardTimer = undefined
      if (this.#writer.unwritten > this.#limits.hardBytes && this.open) this.#giveUp()
    }, this.#limits.hardMs).unref()
  }

  /** The close frame stands behind what the peer does not read: it is given a moment to come that far. */
  #giveUp(): void {
    this.#owner.peerStuck()
    const timer = setTimeout(() => this.terminate(), LAST_CHANCE_MS).unref()
    this.#socket.once('close', () => clearTimeout(timer))
  }

  /** Something was written. Not the socket's `drain`, which knows nothing of our limits and does not come below its own mark. */
  #drained(): void {
    const { unwritten } = this.#writer
    if (this.#hardTimer !== undefined && unwritten <= this.#limits.hardBytes) {
      clearTimeout(this.#hardTimer)
      this.#hardTimer = undefined
    }
    if ((this.#held.size > 0 || this.#isHopeless) && unwritten <= this.#limits.softBytes / 2) this.#release()
  }

  /** The socket has closed. */
  ended(): void {
    clearTimeout(this.#hardTimer)
    this.#outbox.discard()
    this.#release()
  }

  #release(): void {
    clearTimeout(this.#patience)
    this.#patience = undefined
    this.#isHopeless = false
    const senders = [...this.#held]
    this.#held.clear()
    for (const sender of senders) sender.resume()
  }

  /** The queue may now grow: calls are refused at the hard limit, answers end the connection at twice that; the peer itself stays unread. */
  #losePatience(): void {
    const isHeld = this.#held.delete(this)
    this.#release()
    this.#isHopeless = true
    if (isHeld) this.#held.add(this)
  }
}

/** In any version and case, as the strictest SDK checks it. Called for every call: a regular expression costs three times as much. */
function isUuid(id: string): boolean {
  if (id.length !== 36) return false
  for (let index = 0; index < 36; index++) {
    const code = id.charCodeAt(index)
    if (index === 8 || index === 13 || index === 18 || index === 23) {
      if (code !== 0x2d) return false
    } else if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66) || (code >= 0x41 && code <= 0x46))) {
      return false
    }
  }
  return true
}

const { byteLength } = Buffer
const UUID_BYTES = 36
/** More than ids, trace context and escapes add to a call, as a rule. */
const ROOM_FOR_REST = 64 * 1024
const INVOKE = Buffer.from('{"type":"invokefunction","invocation_id":"')
const RESULT = Buffer.from('{"type":"invocationresult","invocation_id":"')
const END = Buffer.from('}')
/** Parts of frames that stay the same for a function or a caller: these are few and calls are many. */
const MAX_CACHED = 10_000
const resultMiddles = new Map<string, Buffer>()
const callerTails = new Map<string, Buffer>()

function resultMiddle(functionId: string): Buffer {
  return cached(resultMiddles, functionId, () => `","function_id":${JSON.stringify(functionId)},"result":`)
}

/** Ends the payload, with the caller's id as its last member, and the frame. */
function callerTail(callerWorkerId: string, afterMembers: boolean): Buffer {
  const tail = cached(callerTails, callerWorkerId, () => `,"_caller_worker_id":"${callerWorkerId}"}}`)
  return afterMembers ? tail : tail.subarray(1)
}

function cached(cache: Map<string, Buffer>, key: string, text: () => string): Buffer {
  let bytes = cache.get(key)
  if (bytes === undefined) {
    bytes = Buffer.from(text())
    if (cache.size >= MAX_CACHED) cache.clear()
    cache.set(key, bytes)
  }
  return bytes
}

/** Clients that know no namespaces get frames without them (spec 01 §6). */
function withoutDefaults(message: EngineMessage): EngineMessage {
  if (message.type !== 'registertrigger') return message
  const { namespace, trigger_namespace: triggerNamespace, ...rest } = message
  return {
    ...rest,
    ...(namespace === undefined || namespace === DEFAULT_NAMESPACE ? {} : { namespace }),
    ...(triggerNamespace === undefined || triggerNamespace === DEFAULT_NAMESPACE
      ? {}
      : { trigger_namespace: triggerNamespace }),
  }
}
