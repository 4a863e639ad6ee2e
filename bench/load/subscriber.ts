// One subscriber of the fan-out run: a worker with a function bound to the provider's trigger type.
// It takes each event once and in order, and answers every call, as a worker must (spec 01 §9.2).
import { appendAnnouncement } from './announcement.ts'
import { Connection } from './connection.ts'
import { nOf, writeN } from './payload.ts'
import { encodeMasked } from './websocket-frame.ts'

export const TICK_TYPE = 'bench::tick'
const INDEX_DIGITS = 5
const FUNCTION_PREFIX = 'bench::subscriber::'
const ID_MARK = '"invocation_id":"'

export function subscriberFunction(index: number): string {
  return FUNCTION_PREFIX + String(index).padStart(INDEX_DIGITS, '0')
}

/** How a delivery looks, learned from the first one and shared by all subscribers: what varies is patched before comparing. */
export class DeliveryForm {
  readonly call: Buffer
  readonly answer: Buffer
  readonly #idAt: number
  readonly #idLength: number
  readonly #indexAt: number
  readonly #nAt: number
  readonly #answerIdAt: number
  readonly #answerIndexAt: number

  static learn(text: string, id: string, index: number, n: number): DeliveryForm | undefined {
    const idAt = text.indexOf(ID_MARK + id) + ID_MARK.length
    const indexAt = text.indexOf(subscriberFunction(index)) + FUNCTION_PREFIX.length
    const nAt = text.indexOf(`"n":${n}`) + 4
    const found = idAt >= ID_MARK.length && indexAt >= FUNCTION_PREFIX.length && nAt >= 4
    return found ? new DeliveryForm(text, id, idAt, indexAt, nAt) : undefined
  }

  private constructor(text: string, id: string, idAt: number, indexAt: number, nAt: number) {
    this.call = Buffer.from(text)
    this.answer = encodeMasked(
      `{"type":"invocationresult",${ID_MARK}${id}","function_id":"${text.slice(indexAt - FUNCTION_PREFIX.length, indexAt + INDEX_DIGITS)}"}`,
    )
    this.#idAt = idAt
    this.#idLength = id.length
    this.#indexAt = indexAt
    this.#nAt = nAt
    this.#answerIdAt = this.answer.indexOf(id)
    this.#answerIndexAt = this.answer.indexOf(FUNCTION_PREFIX) + FUNCTION_PREFIX.length
  }

  /** Whether the payload is the delivery of `n` to the subscriber with these digits; if so the answer is appended. */
  accept(connection: Connection, buffer: Buffer, start: number, end: number, digits: Buffer, n: number): boolean {
    const { call, answer } = this
    if (end - start !== call.length) return false
    for (let at = this.#idAt; at < this.#idAt + this.#idLength; at++) call[at] = buffer[start + at]!
    for (let digit = 0; digit < INDEX_DIGITS; digit++) call[this.#indexAt + digit] = digits[digit]!
    writeN(call, this.#nAt, n)
    if (call.compare(buffer, start, end) !== 0) return false
    const at = connection.append(answer)
    const { out } = connection
    for (let offset = 0; offset < this.#idLength; offset++)
      out[at + this.#answerIdAt + offset] = call[this.#idAt + offset]!
    for (let digit = 0; digit < INDEX_DIGITS; digit++) out[at + this.#answerIndexAt + digit] = digits[digit]!
    return true
  }
}

export interface SubscriberEvents {
  onDelivery(event: number): void
  onWrong(reason: string): void
  onEnd(reason: Error): void
  /** The form learned so far. */
  form: DeliveryForm | undefined
}

export class Subscriber {
  readonly #index: number
  readonly #digits: Buffer
  readonly #events: SubscriberEvents
  #connection!: Connection
  #next = 0

  /** Resolves when connected; registration and binding are sent, not yet known to have arrived. */
  static async start(url: string, index: number, events: SubscriberEvents): Promise<Subscriber> {
    const subscriber = new Subscriber(index, events)
    const connection = await Connection.open(url, {
      onFrame: (buffer, start, end) => subscriber.#onFrame(buffer, start, end),
      onEnd: events.onEnd,
    })
    subscriber.#connection = connection
    const functionId = subscriberFunction(index)
    connection.appendMessage({ type: 'registerfunction', id: functionId })
    connection.appendMessage({
      type: 'registertrigger',
      id: crypto.randomUUID(),
      trigger_type: TICK_TYPE,
      function_id: functionId,
      config: {},
    })
    appendAnnouncement(connection, functionId)
    connection.flush()
    return subscriber
  }

  private constructor(index: number, events: SubscriberEvents) {
    this.#index = index
    this.#digits = Buffer.from(String(index).padStart(INDEX_DIGITS, '0'))
    this.#events = events
  }

  close(): void {
    this.#connection.close()
  }

  #onFrame(buffer: Buffer, start: number, end: number): void {
    const { form } = this.#events
    const event = this.#next
    if (form?.accept(this.#connection, buffer, start, end, this.#digits, nOf(event)) === true) {
      this.#next++
      return this.#events.onDelivery(event)
    }
    this.#onUnknownForm(buffer.utf8Slice(start, end))
  }

  #onUnknownForm(text: string): void {
    const message = JSON.parse(text) as Record<string, unknown>
    if (message['type'] !== 'invokefunction') return
    const id = String(message['invocation_id'])
    const data = message['data'] as { n?: unknown } | null
    if (message['function_id'] !== subscriberFunction(this.#index)) return this.#events.onWrong('wrong_subscriber')
    if (data?.n !== nOf(this.#next)) return this.#events.onWrong('event_out_of_order')
    this.#events.form = DeliveryForm.learn(text, id, this.#index, nOf(this.#next))
    this.#connection.appendMessage({ type: 'invocationresult', invocation_id: id, function_id: message['function_id'] })
    this.#events.onDelivery(this.#next++)
  }
}
