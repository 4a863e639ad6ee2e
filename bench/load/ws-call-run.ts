// One run of calls between two clients that nobody prepared: `ws` with `JSON.parse` and `JSON.stringify` at both ends, so that each frame
// is masked and written by itself.
import { once } from 'node:events'
import { setTimeout as elapse } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { Histogram } from '../measure/histogram.ts'
import { LATENCY_UNITS_PER_MS } from './caller.ts'
import { withinDeadline } from './deadline.ts'
import type { LoadResult, WsCallJob } from './load-job.ts'
import { nOf, payloadJson } from './payload.ts'
import { MeasuredWindow } from './window.ts'
import { checkedPart, isValue } from './workload.ts'

const DRAIN_MS = 10_000
const REGISTER_MS = 10_000
const ANNOUNCE = 'engine::workers::register'

type Message = Readonly<Record<string, unknown>>

export async function runWsCalls(job: WsCallJob): Promise<LoadResult> {
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})
  const sockets: WebSocket[] = []
  const open = async (): Promise<WebSocket> => {
    const socket = new WebSocket(job.url)
    sockets.push(socket)
    socket.on('error', failed.reject)
    socket.on('close', () => failed.reject(new Error(`${job.url} closed the connection.`)))
    await Promise.race([once(socket, 'open'), failed.promise])
    return socket
  }
  try {
    if (job.providesFunction) await Promise.race([provide(await open(), job.functionId), failed.promise])
    const caller = new WsCaller(await open(), job)
    return await Promise.race([measure(job, caller), failed.promise])
  } finally {
    for (const socket of sockets) socket.close()
  }
}

/** Answers each call with what it brought. Resolves when the target has taken the registration. */
async function provide(socket: WebSocket, functionId: string): Promise<void> {
  const registered = Promise.withResolvers<void>()
  socket.on('message', (frame: Buffer) => {
    const message = JSON.parse(String(frame)) as Message
    const { invocation_id, function_id } = message
    if (message['type'] === 'invocationresult') return registered.resolve()
    if (message['type'] !== 'invokefunction') return
    socket.send(JSON.stringify({ type: 'invocationresult', invocation_id, function_id, result: message['data'] }))
  })
  socket.send(JSON.stringify({ type: 'registerfunction', id: functionId }))
  const data = { runtime: 'node', name: 'bench-ws-callee', pid: process.pid }
  socket.send(
    JSON.stringify({ type: 'invokefunction', invocation_id: crypto.randomUUID(), function_id: ANNOUNCE, data }),
  )
  if (!(await withinDeadline(registered.promise, REGISTER_MS))) throw new Error('The registration was not answered.')
}

async function measure(job: WsCallJob, caller: WsCaller): Promise<LoadResult> {
  caller.start(job.inFlight)
  await elapse(job.warmupMs)
  caller.latency.reset()
  const window = new MeasuredWindow(job.targetPid)
  const before = caller.done
  await elapse(job.durationMs)
  const verified = caller.done - before
  const figures = window.end(caller.latency)
  await withinDeadline(caller.stop(), DRAIN_MS)
  return { ...figures, verified, wrong: caller.wrong, unanswered: caller.inFlight, parsedShare: 1 }
}

interface Sent {
  readonly n: number
  readonly at: number
}

class WsCaller {
  readonly #socket: WebSocket
  readonly #job: WsCallJob
  readonly #value: string
  readonly #payload: Readonly<Record<string, unknown>>
  readonly #sent = new Map<string, Sent>()
  readonly #idle = Promise.withResolvers<void>()
  #isRunning = true
  #sequence = 0
  readonly latency = new Histogram()
  readonly wrong: Record<string, number> = {}
  /** Answers that were right. */
  done = 0

  constructor(socket: WebSocket, job: WsCallJob) {
    this.#socket = socket
    this.#job = job
    this.#value = payloadJson(job.payloadBytes)
    this.#payload = JSON.parse(this.#value) as Record<string, unknown>
    socket.on('message', (frame: Buffer) => this.#onMessage(JSON.parse(String(frame)) as Message))
  }

  get inFlight(): number {
    return this.#sent.size
  }

  start(inFlight: number): void {
    for (let call = 0; call < inFlight; call++) this.#call()
  }

  /** Starts no more calls; resolves when all are answered. */
  async stop(): Promise<void> {
    this.#isRunning = false
    if (this.#sent.size > 0) await this.#idle.promise
  }

  #call(): void {
    const id = crypto.randomUUID()
    const n = nOf(this.#sequence++)
    this.#sent.set(id, { n, at: performance.now() })
    const data = { ...this.#payload, n }
    this.#socket.send(
      JSON.stringify({ type: 'invokefunction', invocation_id: id, function_id: this.#job.functionId, data }),
    )
  }

  #onMessage(message: Message): void {
    const id = String(message['invocation_id'])
    const sent = this.#sent.get(id)
    // The greeting of an engine has no such id.
    if (sent === undefined) return
    this.#sent.delete(id)
    if (isValue(checkedPart(this.#job.workload, message), this.#value, sent.n)) this.done++
    else this.#onWrong((message['error'] as { code?: string } | undefined)?.code ?? 'wrong_value')
    this.latency.record((performance.now() - sent.at) * LATENCY_UNITS_PER_MS)
    if (this.#isRunning) this.#call()
    else if (this.#sent.size === 0) this.#idle.resolve()
  }

  #onWrong(reason: string): void {
    this.wrong[reason] = (this.wrong[reason] ?? 0) + 1
  }
}
