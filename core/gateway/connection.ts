// One WebSocket on `/` of a listener: reads its frames strictly in order and hands them to the router and the registrations
// (spec 01 §3, §13). The way out is the SocketLink; opening, limits and pings are the listener's business.
import { isUtf8 } from 'node:buffer'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { DEFAULT_NAMESPACE, type WorkerMessage } from '../../protocol/messages.ts'
import { createEnvelope, FrameKind, type Envelope } from '../../protocol/scanner/envelope.ts'
import { scanEnvelope } from '../../protocol/scanner/scan.ts'
import type { Log } from '../log.ts'
import type { ErrorBody } from '../../protocol/errors.ts'
import type { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'
import { withoutForgedCaller } from '../model/forged-caller.ts'
import { checkNamespace } from '../model/policy.ts'
import { Worker, type WorkerInit } from '../model/worker.ts'
import type { Action } from '../model/action.ts'
import type { Call } from '../model/call.ts'
import type { Registrations } from '../router/registrations.ts'
import type { Calls, WorkerTable } from '../router/ports.ts'
import { SocketLink, type SocketLinkLimits, type SocketLinkOwner } from '../links/socket-link.ts'
import { normalisedError } from './answer-error.ts'
import { ignoreFrame, refuseFrame } from './faulty-frame.ts'
import { readFramesDirectly, type FrameReader, type FrameReaderOwner } from './frame-reader.ts'
import { nestsDeeperThan } from '../../base/values/json-depth.ts'
import { listenFor, type SocketOwner } from './shared-listeners.ts'
import { readAction, readCall } from './read-call.ts'
import { readControl, readRegistration } from './read-control.ts'
import { RepeatedFrames, VOID } from './repeated-frames.ts'
import { announcedNamespace, HeldRegistrations, isRegistration, type HeldItem } from './held-registrations.ts'
import { telemetrySignal, type TelemetrySink } from '../telemetry/worker-frames.ts'

const ANNOUNCE = 'engine::workers::register'

/** Filled anew by each scan; frames are handled to their end one after another, so one serves all connections. */
const envelope: Envelope = createEnvelope()
const repeated = new RepeatedFrames()

export interface ConnectionDeps {
  readonly router: Calls & WorkerTable & { readonly warnings: ThrottledWarnings }
  readonly registrations: Registrations
  readonly telemetry: TelemetrySink
  readonly log: Log
  readonly limits: SocketLinkLimits
  /** Size of the largest frame that may come. */
  readonly maxFrameBytes: number
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

export class Connection implements SocketLinkOwner, FrameReaderOwner, SocketOwner {
  readonly worker: Worker
  readonly frames: FrameReader
  readonly #webSocket: WebSocket
  readonly #isSession: boolean
  readonly #link: SocketLink
  readonly #deps: ConnectionDeps
  /** There from the first registration until the namespace is known or given up. */
  #held: HeldRegistrations | undefined
  /** The namespace is known or given up: registrations take effect as they come. */
  #isPlaced = false
  /** Why the last announce was refused: until another one is taken, nothing is registered (spec 04 B.4). */
  #refusal: ErrorBody | undefined
  /** Frames that came while `waiting`; undefined = it is not. */
  #backlog: { frame: Buffer; isBinary: boolean }[] | undefined

  constructor(webSocket: WebSocket, socket: Duplex, init: Omit<WorkerInit, 'link'>, deps: ConnectionDeps) {
    this.#webSocket = webSocket
    this.#deps = deps
    this.#isSession = init.policy.kind === 'session'
    this.#link = new SocketLink(webSocket, socket, deps.limits, this)
    this.worker = new Worker({ ...init, link: this.#link, maxQueuedBytes: deps.limits.hardBytes })
    this.frames = readFramesDirectly(webSocket, socket, deps.maxFrameBytes, this)
    listenFor(this, webSocket, socket)
  }

  /**
   * Makes the worker known and greets it: the first frame of the connection.
   * @param answer to the request to upgrade, in ASCII, if it goes out with that
   */
  open(answer: string): void {
    const { id, reattachToken } = this.worker
    if (answer !== '') this.#link.begin(answer)
    this.#deps.router.addWorker(this.worker)
    this.#link.send({ type: 'workerregistered', worker_id: id, reattach_token: reattachToken ?? '' })
  }

  ping(): void {
    if (this.#webSocket.readyState === 1) this.#webSocket.ping()
  }

  /** Ends the connection from this side: nothing more of it is looked at from now on, however long the peer takes to close. */
  end(code: number, reason: string, { abnormal }: { abnormal: boolean }): void {
    this.#release()
    this.#deps.router.endWorker(this.worker, { abnormal })
    this.#link.close(code, reason)
  }

  /**
   * The peer's close frame has come, or the connection is closed.
   * @param code of the close frame
   */
  closed(code: number): void {
    this.#release()
    this.#backlog = undefined
    // 1005: a close frame without a code, as the Node SDK's shutdown sends it.
    const clean = code === 1000 || code === 1001 || code === 1005
    this.#deps.router.endWorker(this.worker, { abnormal: !clean })
  }

  /**
   * The end of a socket without a close frame is known here before the WebSocket reports it: calls that come in between are to find the
   * restart grace and not a provider that cannot be written to.
   */
  socketLost(): void {
    if (this.#webSocket.readyState === 1) this.closed(1006)
  }

  socketClosed(): void {
    this.#link.ended()
  }

  peerStuck(): void {
    this.end(1013, 'the peer does not read', { abnormal: true })
  }

  /** The engine does not read the connection at the moment, for the sake of others: its peer can give no sign of life. */
  get isHeldBack(): boolean {
    return this.#link.isHeldBack
  }

  isSilent(ms: number, now: number): boolean {
    return this.frames.isSilent(ms, now, !this.isHeldBack)
  }

  /** Ends a connection whose peer is dead, at once and for good. */
  giveUp(reason: string): void {
    this.#deps.log.info('connection dropped', { worker: this.worker.name ?? this.worker.id, reason })
    this.#deps.router.endWorker(this.worker, { abnormal: true })
    this.#link.terminate()
  }

  /** The router ends a worker by itself, too: when another connection takes its place. */
  get #state(): ReadingState {
    if (this.worker.phase !== 'open') return 'ended'
    return this.#backlog === undefined ? 'open' : 'waiting'
  }

  messageCame(frame: Buffer, isBinary: boolean): void {
    if (this.#state === 'ended') return
    if (this.#backlog !== undefined) {
      this.#backlog.push({ frame, isBinary })
      return
    }
    const wait = this.#handle(frame, isBinary)
    if (wait !== undefined) void this.#waitFor(wait)
  }

  takeRepeated(bytes: Buffer, start: number, end: number, key: number): boolean {
    const id = repeated.idIn(this.worker, bytes, start, end, key)
    if (id === undefined || id === ANNOUNCE || this.#state !== 'open') return false
    this.#held?.touch()
    const call = repeated.callOf(id)
    try {
      if (call !== undefined) this.#pass(call, VOID)
      else this.#deps.router.settle(this.worker, id, repeated.value, undefined)
    } catch (error) {
      this.#failed(error)
    }
    return true
  }

  readOver(): void {
    repeated.end()
  }

  /** Nothing more of this connection is looked at until the frame at hand has taken effect. */
  async #waitFor(first: Promise<void>): Promise<void> {
    this.#backlog = []
    this.#link.pause()
    await settled(first)
    while (this.#state !== 'ended') {
      const next = this.#backlog.shift()
      if (next === undefined) break
      await settled(this.#handle(next.frame, next.isBinary))
    }
    this.#backlog = undefined
    this.#link.resume()
  }

  #handle(frame: Buffer, isBinary: boolean): Promise<void> | undefined {
    try {
      return this.#read(frame, isBinary)
    } catch (error) {
      this.#failed(error)
      return undefined
    }
  }

  /** A fault of ours that one frame brings out must not end the engine. */
  #failed(error: unknown): void {
    this.#deps.log.error('a frame could not be handled', { worker: this.worker.name ?? this.worker.id, err: error })
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
    const registration = this.#isSession || isBinary ? undefined : readRegistration(frame)
    if (registration !== undefined) {
      this.#held?.touch()
      return this.#register(registration, frame.length)
    }
    scanEnvelope(frame, envelope)
    this.#held?.touch()
    if (this.#isSession && envelope.kind !== FrameKind.Invalid && this.#isTooDeep(frame)) {
      return this.#invalid(frame, `the payload nests deeper than ${this.#deps.maxDepth} levels`)
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
        return this.#invalid(frame, envelope.problem)
    }
  }

  #invoke(frame: Buffer): Promise<void> | undefined {
    const action = readAction(frame, envelope)
    if (action === undefined) {
      refuseFrame(envelope, `'action' must be {"type":"void"} or {"type":"enqueue","queue":"…"}`, this.worker)
      return undefined
    }
    const call = readCall(frame, envelope, this.worker, action)
    if (this.#isSession) {
      call.data = withoutForgedCaller(call.data)
      if (call.metadata !== undefined) call.metadata = withoutForgedCaller(call.metadata)
    }
    if (call.functionId === ANNOUNCE) return this.#announce(call, action)
    if (action?.type === 'void' && !this.#isSession) repeated.callCame(frame, envelope, call)
    this.#pass(call, action ?? undefined)
    return undefined
  }

  #pass(call: Call, action: Action | undefined): void {
    if (this.#held !== undefined) this.#held.addCall(call, action)
    else this.#deps.router.call(call, action)
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
    const isPlaced = this.#isPlaced && checkNamespace(this.worker.policy, this.worker.namespace) === undefined
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
    if (errorStart === -1) repeated.answerCame(frame, envelope, this.worker, value)
    this.#deps.router.settle(this.worker, invocationId, value, undefined)
  }

  #control(frame: Buffer): Promise<void> | undefined {
    const message = readControl(frame, this.#isSession)
    if (message === null) {
      this.#deps.log.debug('frame of unknown type ignored', { worker: this.worker.id, type: envelope.type })
      return undefined
    }
    if ('problem' in message) return this.#invalid(frame, message.problem)
    if (message.type === 'ping') {
      this.#link.send({ type: 'pong' })
      return undefined
    }
    if (isRegistration(message)) return this.#register(message, frame.length)
    return this.#deps.registrations.handle(this.worker, message, frame.length)
  }

  #register(message: WorkerMessage, bytes: number): Promise<void> | undefined {
    if (this.#refusal !== undefined) {
      this.#deps.registrations.refuse(this.worker, message, this.#refusal)
      return undefined
    }
    if (!this.#isPlaced) {
      this.#held ??= new HeldRegistrations(this.#deps.namespaceGraceMs, () => this.#afterSilence())
      this.#held.addMessage(message, bytes)
      return undefined
    }
    return this.#deps.registrations.handle(this.worker, message, bytes)
  }

  /** 250 ms without a frame, or the end of the grace: the connection stays in `default`. */
  #afterSilence(): void {
    if (this.#state !== 'open') return
    const wait = this.#drain()
    if (wait !== undefined) void this.#waitFor(wait)
  }

  /** Lets everything that was held take effect, in order. */
  #drain(): Promise<void> | undefined {
    this.#isPlaced = true
    const items = this.#release()
    for (let index = 0; index < items.length; index++) {
      const wait = this.#apply(items[index])
      if (wait !== undefined) return this.#drainRest(wait, items.slice(index + 1))
    }
    return undefined
  }

  /** Nothing is held any more. Returns what was, in order. */
  #release(): readonly HeldItem[] {
    const held = this.#held
    this.#held = undefined
    return held?.end() ?? []
  }

  /** Nothing of what was held comes to be; calls among it go their way. What comes from now on waits as before. */
  #discard(refusal: ErrorBody): void {
    for (const item of this.#release()) {
      if (item.message === undefined) this.#deps.router.call(item.call, item.action)
      else this.#deps.registrations.refuse(this.worker, item.message, refusal)
    }
  }

  async #drainRest(wait: Promise<void>, rest: readonly HeldItem[]): Promise<void> {
    await settled(wait)
    for (const item of rest) await settled(this.#apply(item))
  }

  #apply(item: HeldItem | undefined): Promise<void> | undefined {
    if (item === undefined || this.#state === 'ended') return undefined
    if (item.message !== undefined) return this.#deps.registrations.handle(this.worker, item.message, item.bytes)
    this.#deps.router.call(item.call, item.action)
    return undefined
  }

  #invalid(frame: Buffer, problem: string): undefined {
    ignoreFrame(frame, envelope, problem, this.worker, this.#deps.router)
  }

  /** Sessions are not trusted to keep to a depth that other workers can parse. The envelope is one level of its own. */
  #isTooDeep(frame: Buffer): boolean {
    return nestsDeeperThan(frame, this.#deps.maxDepth + 1)
  }
}

async function settled(wait: Promise<void> | undefined): Promise<void> {
  // Registrations report their own failures; the order of frames must hold whatever becomes of one.
  await wait?.catch(() => {})
}
