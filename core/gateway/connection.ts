// One WebSocket on `/` of a listener: reads its frames strictly in order and hands them to the router and the registrations
// (spec 01 §3, §13). The way out is the SocketLink; opening, limits and pings are the listener's business.
import { isUtf8 } from 'node:buffer'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { decodeControlMessage } from '../../protocol/control-message.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import { createEnvelope, FrameKind, type Envelope } from '../../protocol/scanner/envelope.ts'
import { scanEnvelope } from '../../protocol/scanner/scan.ts'
import type { Log } from '../log.ts'
import type { ErrorBody } from '../../protocol/errors.ts'
import type { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'
import { turnNow } from '../../base/time/turn-clock.ts'
import { dropForgedCaller, withoutForgedCaller } from '../model/forged-caller.ts'
import { checkNamespace } from '../model/policy.ts'
import { Worker, type WorkerInit } from '../model/worker.ts'
import type { Action } from '../model/action.ts'
import type { Call } from '../model/call.ts'
import type { Registrations } from '../router/registrations.ts'
import type { Calls, WorkerTable } from '../router/ports.ts'
import { SocketLink, type SocketLinkLimits } from '../links/socket-link.ts'
import { invalidMessage, normalisedError } from './answer-error.ts'
import type { UnfinishedMessage } from './frame-reader.ts'
import { onCloseFrame } from './close-frame.ts'
import { nestsDeeperThan } from '../../base/values/json-depth.ts'
import { parseUnrounded } from '../../base/values/exact-json.ts'
import { readAction, readCall } from './read-call.ts'
import { announcedNamespace, HeldRegistrations, isRegistration } from './held-registrations.ts'
import { telemetrySignal, type TelemetrySink } from '../telemetry/worker-frames.ts'

const ANNOUNCE = 'engine::workers::register'

/** Filled anew by each scan; frames are handled to their end one after another, so one serves all connections. */
const envelope: Envelope = createEnvelope()

export interface ConnectionDeps {
  readonly router: Calls & WorkerTable & { readonly warnings: ThrottledWarnings }
  readonly registrations: Registrations
  readonly telemetry: TelemetrySink
  readonly log: Log
  readonly limits: SocketLinkLimits
  /** Deepest nesting of a session's payload. */
  readonly maxDepth: number
  /** Longest wait for the announce while registrations are held back. */
  readonly namespaceGraceMs: number
}

/**
 * `open`: frames are handled as they come; `waiting`: one of them has not taken effect yet (hooks, reattach), and those behind it wait;
 * `ended`: nothing more is looked at.
 */
type ReadingState = 'open' | 'waiting' | 'ended'

export class Connection {
  readonly worker: Worker
  readonly #webSocket: WebSocket
  readonly #isSession: boolean
  readonly #link: SocketLink
  readonly #deps: ConnectionDeps
  readonly #held: HeldRegistrations
  /** Why the last announce was refused: until another one is taken, nothing is registered (spec 04 B.4). */
  #refusal: ErrorBody | undefined
  #reading: Exclude<ReadingState, 'ended'> = 'open'
  /** Frames that came while `waiting`. */
  #backlog: { frame: Buffer; isBinary: boolean }[] = []
  #nextFrame: (() => void) | undefined
  /** The message that is coming in at the moment. */
  unfinished: UnfinishedMessage = { since: undefined }
  /** When the last frame of any kind came, on the clock of `performance.now()`. */
  lastFrameAt = performance.now()

  constructor(webSocket: WebSocket, socket: Duplex, init: Omit<WorkerInit, 'link'>, deps: ConnectionDeps) {
    this.#webSocket = webSocket
    this.#deps = deps
    this.#isSession = init.policy.kind === 'session'
    const calls = new Map<string | number, Call>()
    this.#link = new SocketLink(webSocket, socket, calls, deps.limits, () =>
      this.end(1013, 'the peer does not read', { abnormal: true }),
    )
    this.worker = new Worker({ ...init, link: this.#link, maxQueuedBytes: deps.limits.hardBytes, calls })
    this.#held = new HeldRegistrations(deps.namespaceGraceMs, () => this.#afterSilence())
    const alive = (): void => this.#alive()
    webSocket.on('ping', alive)
    webSocket.on('pong', alive)
    webSocket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary))
    const closed = (code: number): void => this.#closed(code)
    webSocket.on('close', closed)
    // The end of a socket without a close frame is known here before the WebSocket reports it: calls that come in between are to
    // find the restart grace and not a provider that cannot be written to.
    const lost = (): void => {
      if (webSocket.readyState === 1) this.#closed(1006)
    }
    socket.prependListener('end', lost)
    socket.prependListener('error', lost)
    onCloseFrame(webSocket, closed)
  }

  /** Makes the worker known and greets it: the first frame of the connection. */
  open(): void {
    const { id, reattachToken } = this.worker
    this.#deps.router.addWorker(this.worker)
    this.#link.send({ type: 'workerregistered', worker_id: id, reattach_token: reattachToken ?? '' })
  }

  ping(): void {
    if (this.#webSocket.readyState === 1) this.#webSocket.ping()
  }

  /** Ends the connection from this side: nothing more of it is looked at from now on, however long the peer takes to close. */
  end(code: number, reason: string, { abnormal }: { abnormal: boolean }): void {
    this.#held.close()
    this.#deps.router.endWorker(this.worker, { abnormal })
    this.#link.close(code, reason)
  }

  /** The engine does not read the connection at the moment, for the sake of others: its peer can give no sign of life. */
  get isHeldBack(): boolean {
    return this.#link.isHeldBack
  }

  /** True when no frame came for that long, or a message has been coming for so long, although the connection was read. */
  isSilent(ms: number, now: number): boolean {
    if (this.isHeldBack) {
      this.lastFrameAt = now
      if (this.unfinished.since !== undefined) this.unfinished.since = now
    }
    // Pongs between the fragments of a message that never ends are no sign of life.
    return now - Math.min(this.lastFrameAt, this.unfinished.since ?? Infinity) > ms
  }

  /** Ends a connection whose peer is dead, at once and for good. */
  giveUp(reason: string): void {
    this.#deps.log.info('connection dropped', { worker: this.worker.name ?? this.worker.id, reason })
    this.#deps.router.endWorker(this.worker, { abnormal: true })
    this.#link.terminate()
  }

  /** Calls back once, when the next frame of any kind comes. */
  onNextFrame(callback: () => void): void {
    this.#nextFrame = callback
  }

  /** The router ends a worker by itself, too: when another connection takes its place. */
  get #state(): ReadingState {
    return this.worker.phase === 'open' ? this.#reading : 'ended'
  }

  #alive(): void {
    this.lastFrameAt = turnNow()
    const callback = this.#nextFrame
    if (callback === undefined) return
    this.#nextFrame = undefined
    callback()
  }

  #receive(frame: Buffer, isBinary: boolean): void {
    this.#alive()
    const state = this.#state
    if (state === 'ended') return
    if (state === 'waiting') {
      this.#backlog.push({ frame, isBinary })
      return
    }
    const wait = this.#handle(frame, isBinary)
    if (wait !== undefined) void this.#waitFor(wait)
  }

  /** Nothing more of this connection is looked at until the frame at hand has taken effect. */
  async #waitFor(first: Promise<void>): Promise<void> {
    this.#reading = 'waiting'
    this.#link.pause()
    await settled(first)
    while (this.#state !== 'ended') {
      const next = this.#backlog.shift()
      if (next === undefined) break
      await settled(this.#handle(next.frame, next.isBinary))
    }
    this.#backlog = []
    this.#reading = 'open'
    this.#link.resume()
  }

  #handle(frame: Buffer, isBinary: boolean): Promise<void> | undefined {
    try {
      return this.#read(frame, isBinary)
    } catch (error) {
      // A fault of ours that one frame brings out must not end the engine.
      this.#deps.log.error('a frame could not be handled', { worker: this.worker.name ?? this.worker.id, err: error })
      return undefined
    }
  }

  #read(frame: Buffer, isBinary: boolean): Promise<void> | undefined {
    if (isBinary) {
      const signal = telemetrySignal(frame)
      if (signal !== undefined) {
        this.#deps.telemetry.take(signal, frame, this.worker)
        return undefined
      }
      // Text frames were checked by the WebSocket; a binary one goes on inside text frames.
      if (!isUtf8(frame)) {
        this.#deps.log.debug('binary frame without a known prefix dropped', { worker: this.worker.id })
        return undefined
      }
    }
    scanEnvelope(frame, envelope)
    if (this.#held.state === 'holding') this.#held.touch()
    if (this.#isSession && envelope.kind !== FrameKind.Invalid && this.#isTooDeep(frame)) {
      this.#invalid(frame, `the payload nests deeper than ${this.#deps.maxDepth} levels`)
      return undefined
    }
    switch (envelope.kind) {
      case FrameKind.Invoke:
        return this.#invoke(frame)
      case FrameKind.Result:
        this.#result(frame)
        return undefined
      case FrameKind.Control:
        return this.#control(frame)
      default:
        this.#invalid(frame, envelope.problem)
        return undefined
    }
  }

  #invoke(frame: Buffer): Promise<void> | undefined {
    const action = readAction(frame, envelope)
    if (action === undefined) {
      const { invocationId, functionId } = envelope
      this.#refuseFrame(invocationId, functionId, `'action' must be {"type":"void"} or {"type":"enqueue","queue":"…"}`)
      return undefined
    }
    const call = readCall(frame, envelope, this.worker, action)
    if (this.#isSession) {
      call.data = withoutForgedCaller(call.data)
      if (call.metadata !== undefined) call.metadata = withoutForgedCaller(call.metadata)
    }
    if (call.functionId === ANNOUNCE) return this.#announce(call, action)
    if (this.#held.state === 'holding') this.#held.addCall(call, action ?? undefined)
    else this.#deps.router.call(call, action ?? undefined)
    return undefined
  }

  /** The announce ends the waiting for the namespace, unless this is one that the session may not have or no name at all. */
  #announce(call: Call, action: Action | null): Promise<void> | undefined {
    const { router } = this.#deps
    const namespace = announcedNamespace(call.data) ?? DEFAULT_NAMESPACE
    const isNamed = namespace.trim() !== ''
    if (isNamed) this.#refusal = checkNamespace(this.worker.policy, namespace)
    if (isNamed && this.#refusal !== undefined) {
      this.#discard(this.#refusal)
      router.fail(call, this.#refusal)
      return undefined
    }
    // One that may not be where it is has registered nothing yet, however long it has waited.
    const isPlaced =
      this.#held.state === 'settled' && checkNamespace(this.worker.policy, this.worker.namespace) === undefined
    if (!isNamed || isPlaced) {
      router.call(call, action ?? undefined)
      return undefined
    }
    this.worker.namespace = namespace
    const drained = this.#drain()
    if (drained === undefined) {
      router.call(call, action ?? undefined)
      return undefined
    }
    call.data = Buffer.from(call.data)
    return drained.then(() => router.call(call, action ?? undefined))
  }

  #result(frame: Buffer): void {
    const { invocationId, resultStart, resultEnd, errorStart, errorEnd } = envelope
    if (invocationId === undefined) return
    if (errorStart !== -1) {
      const error = normalisedError(frame.subarray(errorStart, errorEnd))
      if (error !== undefined) return this.#deps.router.settle(this.worker, invocationId, undefined, error)
    }
    const result = resultStart === -1 ? undefined : frame.subarray(resultStart, resultEnd)
    // A worker's null means "no value" (spec 01 §6); only built-ins answer with an explicit null.
    const value = result === undefined || (result.length === 4 && result[0] === 0x6e) ? undefined : result
    this.#deps.router.settle(this.worker, invocationId, value, undefined)
  }

  #control(frame: Buffer): Promise<void> | undefined {
    let parsed: unknown
    try {
      // What is registered is passed on and shown as it was sent.
      parsed = parseUnrounded(frame.utf8Slice())
    } catch (error) {
      this.#invalid(frame, (error as Error).message)
      return undefined
    }
    if (this.#isSession) dropForgedCaller(parsed)
    const message = decodeControlMessage(parsed)
    if (message === null) {
      this.#deps.log.debug('frame of unknown type ignored', { worker: this.worker.id, type: envelope.type })
      return undefined
    }
    if ('problem' in message) {
      this.#invalid(frame, message.problem)
      return undefined
    }
    if (message.type === 'ping') {
      this.#link.send({ type: 'pong' })
      return undefined
    }
    if (this.#refusal !== undefined && isRegistration(message)) {
      this.#deps.registrations.refuse(this.worker, message, this.#refusal)
      return undefined
    }
    if (this.#held.state !== 'settled' && isRegistration(message)) {
      this.#held.addMessage(message, frame.length)
      return undefined
    }
    return this.#deps.registrations.handle(this.worker, message, frame.length)
  }

  /** 250 ms without a frame, or the end of the grace: the connection stays in `default`. */
  #afterSilence(): void {
    if (this.#state !== 'open') return
    const wait = this.#drain()
    if (wait !== undefined) void this.#waitFor(wait)
  }

  /** Lets everything that was held take effect, in order. */
  #drain(): Promise<void> | undefined {
    const items = this.#held.take()
    for (let index = 0; index < items.length; index++) {
      const wait = this.#apply(items[index])
      if (wait !== undefined) return this.#drainRest(wait, items.slice(index + 1))
    }
    return undefined
  }

  /** Nothing of what was held comes to be; calls among it go their way. */
  #discard(refusal: ErrorBody): void {
    for (const item of this.#held.discard()) {
      if (item.message === undefined) this.#deps.router.call(item.call, item.action)
      else this.#deps.registrations.refuse(this.worker, item.message, refusal)
    }
  }

  async #drainRest(wait: Promise<void>, rest: ReturnType<HeldRegistrations['take']>): Promise<void> {
    await settled(wait)
    for (const item of rest) await settled(this.#apply(item))
  }

  #apply(item: ReturnType<HeldRegistrations['take']>[number] | undefined): Promise<void> | undefined {
    if (item === undefined || this.#state === 'ended') return undefined
    if (item.message !== undefined) return this.#deps.registrations.handle(this.worker, item.message, item.bytes)
    this.#deps.router.call(item.call, item.action)
    return undefined
  }

  #invalid(frame: Buffer, problem: string): void {
    if (isBlank(frame)) return
    const { invocationId, functionId, type } = envelope
    this.#deps.router.warnings.count(`invalid ${this.worker.id}`, `frame ignored: ${problem}`, {
      worker: this.worker.name ?? this.worker.id,
    })
    if (invocationId === undefined) return
    const isAnswer = type === 'invocationresult' || (type === '' && this.worker.calls.has(invocationId))
    if (isAnswer) {
      const error = invalidMessage(`the answer of the worker could not be decoded: ${problem}`)
      this.#deps.router.settle(this.worker, invocationId, undefined, error)
    } else if (type === 'invokefunction' || type === '') this.#refuseFrame(invocationId, functionId, problem)
  }

  /** Clients drop what they cannot parse and let their caller time out; here the caller is told at once. */
  #refuseFrame(invocationId: string | undefined, functionId: string, problem: string): void {
    if (invocationId === undefined) return
    const call = { functionId, invocationId, traceparent: undefined, baggage: undefined } as Call
    this.#link.answer(call, undefined, invalidMessage(problem))
  }

  /** Sessions are not trusted to keep to a depth that other workers can parse. The envelope is one level of its own. */
  #isTooDeep(frame: Buffer): boolean {
    return nestsDeeperThan(frame, this.#deps.maxDepth + 1)
  }

  #closed(code: number): void {
    this.#held.close()
    this.#backlog = []
    // 1005: a close frame without a code, as the Node SDK's shutdown sends it.
    const clean = code === 1000 || code === 1001 || code === 1005
    this.#deps.router.endWorker(this.worker, { abnormal: !clean })
  }
}

async function settled(wait: Promise<void> | undefined): Promise<void> {
  // Registrations report their own failures; the order of frames must hold whatever becomes of one.
  await wait?.catch(() => {})
}

function isBlank(frame: Buffer): boolean {
  for (const byte of frame) if (byte > 0x20) return false
  return true
}
