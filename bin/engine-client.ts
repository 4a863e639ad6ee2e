// Calls from the CLI to a running engine. It never announces itself and registers nothing, so that it is no row in
// `engine::workers::list` (spec 04 C.3). Not an SDK: no reconnecting, no functions of its own.
import { randomUUID } from 'node:crypto'
import WebSocket from 'ws'
import { parseExact } from '../base/values/exact-json.ts'
import { toErrorBody, type ErrorBody } from '../protocol/errors.ts'
import { CommandFailure } from './exit-codes.ts'

export const DEFAULT_ADDRESS = 'localhost'
export const DEFAULT_PORT = 49134
export const DEFAULT_TIMEOUT_MS = 30_000

export interface EngineAddress {
  /** Host as URLs have it, or a whole ws:// or wss:// URL that is used as it is. Default `localhost`. */
  readonly address?: string
  /** Default 49134. */
  readonly port?: number
}

export interface Invocation {
  readonly functionId: string
  readonly data: unknown
  readonly namespace?: string
  /** Until the whole thing is given up: connecting, calling, answering. Default 30000. */
  readonly timeoutMs?: number
  /** Sends the call without waiting for an answer. */
  readonly isVoid?: boolean
  /** Puts the call into this queue; the result is the receipt. */
  readonly queue?: string
}

/** The function answered with an error. */
export class RemoteError extends CommandFailure {
  readonly body: ErrorBody

  constructor(body: ErrorBody) {
    super(`Error: ${JSON.stringify(body, null, 2)}`)
    this.body = body
  }
}

/** No engine answers there: not running, another address, or too slow. */
export class UnreachableError extends CommandFailure {}

/**
 * Connects, calls one function, returns its result (undefined = no value) and disconnects.
 * Throws RemoteError with the function's error, UnreachableError when nothing answers in time.
 */
export async function invokeOnce(at: EngineAddress, invocation: Invocation): Promise<unknown> {
  const connection = new EngineConnection(at, invocation.timeoutMs)
  try {
    return await connection.invoke(invocation)
  } finally {
    connection.end()
  }
}

/** For several calls, one after the other. It is not opened again when it has closed. */
export class EngineConnection {
  readonly #url: string
  readonly #socket: WebSocket
  readonly #opened: Promise<void>
  #failure: CommandFailure | undefined
  /** The engine has said something. One that starts accepts connections, and says nothing until its plugins run. */
  #isLetIn = false
  /** The call that is under way. */
  #call: { readonly id: string; resolve(result: unknown): void; reject(reason: Error): void } | undefined

  constructor(at: EngineAddress, timeoutMs: number = DEFAULT_TIMEOUT_MS) {
    const url = (this.#url = engineUrl(at))
    const socket = (this.#socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: timeoutMs }))
    this.#opened = new Promise((resolve) => socket.once('open', resolve))
    socket.on('error', (error) => this.#fail(new UnreachableError(unreachableMessage(url, error), { cause: error })))
    socket.on('close', (code, reason) => this.#fail(new UnreachableError(closedMessage(url, code, reason.toString()))))
    socket.on('message', (frame) => this.#receive(String(frame)))
  }

  /** Throws as `invokeOnce`. */
  async invoke(invocation: Invocation): Promise<unknown> {
    const { functionId, timeoutMs = DEFAULT_TIMEOUT_MS, isVoid = false } = invocation
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const id = randomUUID()
    this.#call = { id, resolve, reject }
    if (this.#failure !== undefined) reject(this.#failure)
    const late = (): Error =>
      this.#isLetIn || this.#socket.readyState !== WebSocket.OPEN
        ? timeoutError(this.#url, functionId, timeoutMs)
        : notLetInError(this.#url, timeoutMs)
    const deadline = setTimeout(() => reject(late()), timeoutMs)
    void this.#opened.then(() => {
      this.#socket.send(frameOf(invocation, id))
      if (isVoid) this.#closeThen(resolve)
    })
    try {
      return await promise
    } finally {
      clearTimeout(deadline)
    }
  }

  /** At once: the answer is here or given up, and waiting for a polite close would only delay the prompt. */
  end(): void {
    this.#socket.removeAllListeners()
    this.#socket.on('error', () => {})
    this.#socket.terminate()
    // Whoever still waits for an answer does so no longer.
    this.#fail(new UnreachableError(`Error: the connection to ${this.#url} was ended.`))
  }

  /** Frames are handled in order: the engine has dispatched the call when it answers the closing handshake. */
  #closeThen(closed: (result: unknown) => void): void {
    this.#socket.removeAllListeners('close')
    this.#socket.once('close', () => closed(undefined))
    this.#socket.close(1000)
  }

  #receive(frame: string): void {
    this.#isLetIn = true
    const answer = answerIn(frame, this.#call?.id)
    if (answer === undefined) return
    if ('error' in answer) this.#call?.reject(new RemoteError(answer.error))
    else this.#call?.resolve(answer.result)
  }

  /** The first reason is the true one: an error is followed by the close. */
  #fail(reason: CommandFailure): void {
    this.#failure ??= reason
    this.#call?.reject(this.#failure)
  }
}

function engineUrl({ address = DEFAULT_ADDRESS, port = DEFAULT_PORT }: EngineAddress): string {
  return /^wss?:\/\//i.test(address) ? address : `ws://${address}:${port}`
}

function frameOf(invocation: Invocation, id: string): string {
  return JSON.stringify({
    type: 'invokefunction',
    function_id: invocation.functionId,
    ...(invocation.isVoid ? { action: { type: 'void' } } : { invocation_id: id }),
    ...(invocation.queue === undefined ? {} : { action: { type: 'enqueue', queue: invocation.queue } }),
    ...(invocation.namespace === undefined ? {} : { namespace: invocation.namespace }),
    data: invocation.data,
  })
}

function answerIn(frame: string, id: string | undefined): { result: unknown } | { error: ErrorBody } | undefined {
  let message: Record<string, unknown>
  try {
    message = parseExact(frame) as Record<string, unknown>
  } catch {
    return undefined
  }
  if (message['type'] === 'error') return { error: toErrorBody(message['error']) }
  if (message['type'] !== 'invocationresult' || message['invocation_id'] !== id) return undefined
  if (message['error'] !== undefined && message['error'] !== null) return { error: toErrorBody(message['error']) }
  return { result: message['result'] }
}

function unreachableMessage(url: string, error: Error & { code?: string }): string {
  const why = error.message === '' ? (error.code ?? 'unknown reason') : error.message
  return `Error: no connection to an engine at ${url}: ${why}\nStart one with 'iii start', or name another with --address and --port.`
}

function closedMessage(url: string, code: number, reason: string): string {
  return `Error: the connection to ${url} was closed before the answer came (code ${code}${reason === '' ? '' : `, ${reason}`}).`
}

function timeoutError(url: string, functionId: string, timeoutMs: number): UnreachableError {
  return new UnreachableError(
    `Error: timeout: no answer from ${functionId} at ${url} within ${timeoutMs} ms. The call may still be running; --timeout-ms waits longer.`,
  )
}

function notLetInError(url: string, timeoutMs: number): UnreachableError {
  return new UnreachableError(
    `Error: timeout: ${url} accepts connections, and has let this one not in within ${timeoutMs} ms: an engine does so when all its plugins have started. The call may still be made then; --timeout-ms waits longer.`,
  )
}
