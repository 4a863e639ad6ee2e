// One-shot calls from the CLI to a running engine. It never announces itself and registers nothing, so that it is no row in
// `engine::workers::list` (spec 04 C.3). Not an SDK: no reconnecting, no functions of its own.
import { randomUUID } from 'node:crypto'
import WebSocket from 'ws'
import { toErrorBody, type ErrorBody } from '../protocol/errors.ts'
import { CommandFailure } from './exit-codes.ts'
import { parseExact } from './exact-json.ts'

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
  const url = engineUrl(at)
  const timeoutMs = invocation.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: timeoutMs })
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const deadline = setTimeout(() => reject(timeoutError(url, invocation.functionId, timeoutMs)), timeoutMs)
  const id = randomUUID()

  socket.on('error', (error) => reject(new UnreachableError(unreachableMessage(url, error), { cause: error })))
  socket.on('close', (code, reason) => reject(new UnreachableError(closedMessage(url, code, reason.toString()))))
  socket.on('open', () => {
    socket.send(frameOf(invocation, id))
    // Frames are handled in order: the engine has dispatched the call when it answers the closing handshake.
    if (invocation.isVoid) {
      socket.removeAllListeners('close')
      socket.once('close', () => resolve(undefined))
      socket.close(1000)
    }
  })
  socket.on('message', (frame) => {
    const answer = answerIn(String(frame), id)
    if (answer === undefined) return
    if ('error' in answer) reject(new RemoteError(answer.error))
    else resolve(answer.result)
  })

  try {
    return await promise
  } finally {
    clearTimeout(deadline)
    // The answer is here or given up; waiting for a polite close would only delay the prompt.
    socket.removeAllListeners()
    socket.on('error', () => {})
    socket.terminate()
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
    ...(invocation.namespace === undefined ? {} : { namespace: invocation.namespace }),
    data: invocation.data,
  })
}

function answerIn(frame: string, id: string): { result: unknown } | { error: ErrorBody } | undefined {
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
