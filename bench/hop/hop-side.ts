// The router's side of `hop`: bytes in, bytes out, over either transport, with a number of calls in flight.
import { once } from 'node:events'
import { MessageChannel, Worker as Thread, type MessagePort } from 'node:worker_threads'
import { N_MIN, nOf, writeN } from '../load/payload.ts'
import { Frame, FrameKind, readFrame, writeFrame } from '../../protocol/ring/frame.ts'
import { createRingMemory } from '../../protocol/ring/memory.ts'
import { RingDuplex } from '../../protocol/ring/ring-duplex.ts'
import { siblingFile } from '../sibling-file.ts'
import type { HopSetup } from './hop-thread.ts'

export type HopTransport = 'ring' | 'post-message'

export interface HopRun {
  readonly perSecond: number
  readonly verified: number
  /** CPU time of both threads, in microseconds per call. */
  readonly cpuMicrosPerCall: number
}

/** Raw JSON in, as a router has it from a socket. */
type Send = (callId: number, payload: Buffer) => void
/** Raw JSON out, valid until the call returns. */
type OnAnswer = (callId: number, payload: Buffer) => void

export class HopSide {
  readonly #thread: Thread
  readonly #send: Send
  readonly #payload: Buffer
  readonly #nAt: number
  #inFlight = 0
  #sequence = 0
  #verified = 0
  #wrong = 0
  #until = 0
  #finished = Promise.withResolvers<void>()

  static async open(transport: HopTransport, payload: string): Promise<HopSide> {
    const { port1, port2 } = new MessageChannel()
    const memory = transport === 'ring' ? createRingMemory() : null
    const setup: HopSetup = { memory, port: port2 }
    const thread = new Thread(siblingFile(import.meta.url, './hop-thread'), {
      workerData: setup,
      transferList: [port2],
    })
    await once(thread, 'message')
    return new HopSide(thread, payload, (onAnswer) =>
      memory === null ? overMessages(port1, onAnswer) : overRing(memory, port1, onAnswer),
    )
  }

  private constructor(thread: Thread, payload: string, connect: (onAnswer: OnAnswer) => Send) {
    this.#thread = thread
    this.#payload = Buffer.from(payload)
    this.#nAt = payload.indexOf(`"n":${N_MIN}`) + 4
    this.#send = connect((callId, answer) => this.#onAnswer(callId, answer))
  }

  async run(inFlight: number, durationMs: number): Promise<HopRun> {
    this.#verified = 0
    this.#wrong = 0
    this.#finished = Promise.withResolvers<void>()
    const startedAt = performance.now()
    const cpu = process.cpuUsage()
    this.#until = startedAt + durationMs
    for (let call = 0; call < inFlight; call++) this.#call()
    await this.#finished.promise
    const elapsedMs = performance.now() - startedAt
    const { user, system } = process.cpuUsage(cpu)
    if (this.#wrong > 0) throw new Error(`${this.#wrong} answers of the thread were wrong.`)
    return {
      perSecond: (this.#verified / elapsedMs) * 1000,
      verified: this.#verified,
      cpuMicrosPerCall: (user + system) / this.#verified,
    }
  }

  async close(): Promise<void> {
    await this.#thread.terminate()
  }

  #call(): void {
    const sequence = this.#sequence++
    writeN(this.#payload, this.#nAt, nOf(sequence))
    this.#inFlight++
    this.#send(sequence, this.#payload)
  }

  #onAnswer(callId: number, answer: Buffer): void {
    writeN(this.#payload, this.#nAt, nOf(callId))
    if (answer.equals(this.#payload)) this.#verified++
    else this.#wrong++
    this.#inFlight--
    if (performance.now() < this.#until) this.#call()
    else if (this.#inFlight === 0) this.#finished.resolve()
  }
}

function overRing(memory: SharedArrayBuffer, port: MessagePort, onAnswer: OnAnswer): Send {
  const duplex = new RingDuplex(memory, 0, port)
  const frame = new Frame()
  duplex.start((bytes, start, end) => {
    readFrame(bytes, start, end, frame)
    onAnswer(frame.callId, frame.payload(bytes))
  })
  return (callId, payload) => writeFrame(duplex, FrameKind.Call, 0, 0, callId, 0, '', '', payload)
}

function overMessages(port: MessagePort, onAnswer: OnAnswer): Send {
  port.on('message', (message: string) => {
    const blank = message.indexOf(' ')
    onAnswer(Number(message.slice(0, blank)), Buffer.from(message.slice(blank + 1)))
  })
  return (callId, payload) => port.postMessage(`${callId} ${payload.utf8Slice()}`)
}
