// The worker that provides the trigger type of the fan-out run: fires an event by a void call to each bound function.
import { appendAnnouncement } from './announcement.ts'
import { Connection } from './connection.ts'
import { N_MIN, nOf, payloadJson, writeN } from './payload.ts'
import { encodeMasked } from './websocket-frame.ts'

export const TICK_TYPE = 'bench::tick'

export class TickProvider {
  readonly #payload: string
  readonly #wanted: number
  #connection!: Connection
  /** Frame of the call to each bound function, and where `n` stands in it. */
  readonly #calls = new Map<string, { readonly frame: Buffer; readonly nAt: number }>()
  readonly #bound = Promise.withResolvers<void>()

  /** `wanted`: bindings after which `bound` resolves. */
  static async start(
    url: string,
    payloadBytes: number,
    wanted: number,
    onEnd: (reason: Error) => void,
  ): Promise<TickProvider> {
    const provider = new TickProvider(payloadJson(payloadBytes), wanted)
    provider.#connection = await Connection.open(url, {
      onFrame: (buffer, start, end) => provider.#onFrame(buffer.utf8Slice(start, end)),
      onEnd,
    })
    provider.#connection.appendMessage({ type: 'registertriggertype', id: TICK_TYPE, description: 'Benchmark events' })
    appendAnnouncement(provider.#connection, 'bench-ticker')
    provider.#connection.flush()
    return provider
  }

  private constructor(payload: string, wanted: number) {
    this.#payload = payload
    this.#wanted = wanted
  }

  get bound(): Promise<void> {
    return this.#bound.promise
  }

  fire(event: number): void {
    const n = nOf(event)
    for (const { frame, nAt } of this.#calls.values()) {
      const at = this.#connection.append(frame)
      writeN(this.#connection.out, at + nAt, n)
    }
  }

  flush(): void {
    this.#connection.flush()
  }

  close(): void {
    this.#connection.close()
  }

  #onFrame(text: string): void {
    const message = JSON.parse(text) as Record<string, unknown>
    if (message['type'] !== 'registertrigger') return
    const functionId = String(message['function_id'])
    const frame = encodeMasked(
      `{"type":"invokefunction","function_id":${JSON.stringify(functionId)},"action":{"type":"void"},"data":${this.#payload}}`,
    )
    this.#calls.set(functionId, { frame, nAt: frame.indexOf(`"n":${N_MIN}`) + 4 })
    this.#connection.appendMessage({
      type: 'triggerregistrationresult',
      id: message['id'],
      trigger_type: TICK_TYPE,
      function_id: functionId,
    })
    if (this.#calls.size === this.#wanted) this.#bound.resolve()
  }
}
