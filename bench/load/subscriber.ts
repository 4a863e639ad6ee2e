// Subscribers of a fan-out run that are functions of workers, each worker with a connection and a binding of its own.
// They take each event once and in order, and answer every call, as a worker must (spec 01 §9.2).
import { appendAnnouncement, isAnnounceAnswer } from './announcement.ts'
import { openAll } from './audience.ts'
import { Connection } from './connection.ts'
import { DeliveryForm, indexDigits, subscriberFunction } from './delivery-form.ts'
import { EventOrder, type EventSink } from './event-order.ts'
import type { FanOutJob } from './load-job.ts'
import { eventOfN, nOf, payloadJson } from './payload.ts'
import { isValue } from './workload.ts'

/** What the function of a subscriber is bound to. */
export interface EventSource {
  readonly type: string
  readonly config: object
  /** The member of a call's payload that is the event's value. Default: the payload is. */
  readonly member?: string
}

export class BoundFunctions {
  readonly #url: string
  readonly #count: number
  readonly #first: number
  readonly #sink: EventSink
  readonly #onEnd: (reason: Error) => void
  #subscribers: readonly Subscriber[] = []
  readonly source: EventSource
  /** JSON text that the payload of each call must equal, but for `n`. */
  readonly value: string
  /** How deliveries look, as far as is known. */
  form: DeliveryForm | undefined

  constructor(
    { url, subscribers, payloadBytes }: FanOutJob,
    source: EventSource,
    first: number,
    sink: EventSink,
    onEnd: (reason: Error) => void,
  ) {
    this.#url = url
    this.#count = subscribers
    this.source = source
    this.value = payloadJson(payloadBytes)
    this.#first = first
    this.#sink = sink
    this.#onEnd = onEnd
  }

  get missed(): number {
    return this.#subscribers.reduce((sum, { missed }) => sum + missed, 0)
  }

  /** Resolves when the target has taken every binding. */
  async open(): Promise<void> {
    this.#subscribers = await openAll(this.#count, (index) =>
      Subscriber.start(this.#url, index, this, this.#first, this.#sink, this.#onEnd),
    )
  }

  close(): void {
    for (const subscriber of this.#subscribers) subscriber.close()
  }
}

class Subscriber {
  readonly #functionId: string
  readonly #index: number
  readonly #digits: Buffer
  readonly #all: BoundFunctions
  readonly #sink: EventSink
  readonly #order: EventOrder
  readonly #announced = Promise.withResolvers<void>()
  #connection!: Connection

  static async start(
    url: string,
    index: number,
    all: BoundFunctions,
    first: number,
    sink: EventSink,
    onEnd: (reason: Error) => void,
  ): Promise<Subscriber> {
    const subscriber = new Subscriber(index, all, first, sink)
    const connection = await Connection.open(url, {
      onFrame: (buffer, start, end) => subscriber.#onFrame(buffer, start, end),
      onEnd: (reason) => {
        subscriber.#announced.reject(reason)
        onEnd(reason)
      },
    })
    subscriber.#connection = connection
    const functionId = subscriberFunction(index)
    connection.appendMessage({ type: 'registerfunction', id: functionId })
    connection.appendMessage({
      type: 'registertrigger',
      id: crypto.randomUUID(),
      trigger_type: all.source.type,
      function_id: functionId,
      config: all.source.config,
    })
    appendAnnouncement(connection, functionId)
    connection.flush()
    await subscriber.#announced.promise
    return subscriber
  }

  private constructor(index: number, all: BoundFunctions, first: number, sink: EventSink) {
    this.#index = index
    this.#functionId = subscriberFunction(index)
    this.#digits = Buffer.from(indexDigits(index))
    this.#all = all
    this.#sink = sink
    this.#order = new EventOrder(first, sink)
  }

  get missed(): number {
    return this.#order.missed
  }

  close(): void {
    this.#connection.close()
  }

  #onFrame(buffer: Buffer, start: number, end: number): void {
    const { form } = this.#all
    const { next } = this.#order
    if (form?.accept(this.#connection, buffer, start, end, this.#digits, nOf(next)) === true) {
      return this.#order.take(next)
    }
    this.#onUnknownForm(buffer.utf8Slice(start, end))
  }

  #onUnknownForm(text: string): void {
    const message = JSON.parse(text) as Record<string, unknown>
    if (isAnnounceAnswer(message)) return this.#announced.resolve()
    if (message['type'] === 'triggerregistrationresult' && isError(message['error'])) {
      return this.#sink.onWrong('binding_refused')
    }
    if (message['type'] !== 'invokefunction') return
    const id = String(message['invocation_id'])
    const { member } = this.#all.source
    const payload = message['data'] as Record<string, unknown> | null
    const data = member === undefined ? payload : (payload?.[member] as Record<string, unknown> | null | undefined)
    if (message['function_id'] !== this.#functionId) return this.#sink.onWrong('wrong_subscriber')
    this.#connection.appendMessage({ type: 'invocationresult', invocation_id: id, function_id: this.#functionId })
    const n = Number(data?.['n'])
    if (!isValue(data, this.#all.value, n)) return this.#sink.onWrong('wrong_value')
    // What stands beside the value differs from one event to the next.
    if (member === undefined) this.#all.form = DeliveryForm.learn(text, id, this.#index, n)
    this.#order.take(eventOfN(n))
  }
}

function isError(error: unknown): boolean {
  return error !== undefined && error !== null
}
