// The worker that causes the events of a fan-out run by calls: `publish`, or `stream::set`. Every call must be answered once, without
// an error; what the events carry is for the subscribers to check.
import { callIdText, MAX_SLOTS, slotOfText } from './call-id.ts'
import { CallTemplate } from './call-template.ts'
import { Connection } from './connection.ts'
import { nOf } from './payload.ts'
import type { RepeatedCall } from './workload.ts'

const EMPTY = 0

export class EventSender {
  readonly #template: CallTemplate
  readonly #onWrong: (reason: string) => void
  #connection!: Connection
  /** Number of the event that waits for its answer, by slot. Events count from 1. */
  readonly #waiting = new Float64Array(MAX_SLOTS)
  #settled: PromiseWithResolvers<void> | undefined
  unanswered = 0

  static async open(
    url: string,
    call: RepeatedCall,
    sink: { onWrong(reason: string): void },
    onEnd: (reason: Error) => void,
  ): Promise<EventSender> {
    const sender = new EventSender(call, (reason) => sink.onWrong(reason))
    sender.#connection = await Connection.open(url, {
      onFrame: (buffer, start, end) => sender.#onFrame(buffer.utf8Slice(start, end)),
      onEnd,
    })
    return sender
  }

  private constructor(call: RepeatedCall, onWrong: (reason: string) => void) {
    this.#template = new CallTemplate(call)
    this.#onWrong = onWrong
  }

  fire(event: number, key: number): void {
    const slot = event % MAX_SLOTS
    // An answer that never came would else be taken for the one to this call.
    if (this.#waiting[slot] !== EMPTY) this.#onWrong('unanswered_call')
    else this.unanswered++
    this.#waiting[slot] = event
    this.#template.append(this.#connection, event, slot, nOf(event), key)
  }

  flush(): void {
    this.#connection.flush()
  }

  async settled(): Promise<void> {
    if (this.unanswered === 0) return
    this.#settled ??= Promise.withResolvers<void>()
    await this.#settled.promise
  }

  close(): void {
    this.#connection.close()
  }

  #onFrame(text: string): void {
    const message = JSON.parse(text) as Record<string, unknown>
    if (message['type'] !== 'invocationresult') return
    const id = String(message['invocation_id'])
    const slot = slotOfText(id)
    const event = slot === -1 ? EMPTY : this.#waiting[slot]!
    if (event === EMPTY || id !== callIdText(event, slot)) return this.#onWrong('unexpected_answer')
    this.#waiting[slot] = EMPTY
    this.unanswered--
    const error = message['error'] as { code?: string } | null | undefined
    if (error !== undefined && error !== null) this.#onWrong(error.code ?? 'error')
    if (this.unanswered > 0) return
    this.#settled?.resolve()
    this.#settled = undefined
  }
}
