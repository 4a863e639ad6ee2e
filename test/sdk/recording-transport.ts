// A transport that records what the handle sends and lets a test say what arrives.
import type { WorkerMessage } from '../../protocol/messages.ts'
import type { ChannelRef } from '../../sdk/handle-types.ts'
import type { Receiver, Sidecar, Transport } from '../../sdk/transport.ts'
import { Collector } from '../support/deadline.ts'

export interface SentCall {
  readonly callId: number | undefined
  readonly functionId: string
  readonly payload: string | undefined
  readonly sidecar: Sidecar | undefined
}

export interface SentAnswer {
  readonly callId: number
  readonly result?: string | undefined
  readonly error?: unknown
}

export interface SentItem {
  readonly kind: 'open' | 'text' | 'binary' | 'close' | 'credit'
  readonly end: number
  readonly value: unknown
}

export class RecordingTransport implements Transport {
  readonly address = 'ws://engine.test'
  open = true
  congested = false
  readonly calls = new Collector<SentCall>()
  readonly answers = new Collector<SentAnswer>()
  readonly controls = new Collector<WorkerMessage & { functionIndex?: number | undefined }>()
  readonly items = new Collector<SentItem>()
  #receiver: Receiver | undefined

  get receiver(): Receiver {
    if (this.#receiver === undefined) throw new Error('the handle has not started the transport')
    return this.#receiver
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver
  }
  call(
    callId: number | undefined,
    functionId: string,
    payload: string | undefined,
    sidecar: Sidecar | undefined,
  ): void {
    this.calls.add({ callId, functionId, payload, sidecar })
  }
  result(callId: number, json: string | undefined): void {
    this.answers.add({ callId, result: json })
  }
  error(callId: number, json: string): void {
    this.answers.add({ callId, error: JSON.parse(json) as unknown })
  }
  control(message: WorkerMessage, functionIndex?: number): void {
    this.controls.add(functionIndex === undefined ? message : { ...message, functionIndex })
  }
  openChannel(end: number, ref: ChannelRef): void {
    this.items.add({ kind: 'open', end, value: ref })
  }
  channelText(end: number, text: string): void {
    this.items.add({ kind: 'text', end, value: text })
  }
  channelBinary(end: number, bytes: Uint8Array): void {
    this.items.add({ kind: 'binary', end, value: Buffer.from(bytes) })
  }
  channelClose(end: number, code: number, reason: string): void {
    this.items.add({ kind: 'close', end, value: { code, reason } })
  }
  channelCredit(end: number, bytes: number): void {
    this.items.add({ kind: 'credit', end, value: bytes })
  }
  close(): void {
    this.open = false
    this.receiver.onClosed()
  }
}
