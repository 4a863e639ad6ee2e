// A worker of a queue: provides the function and answers each call with null. Which job a call is, and that it is whole, is told by its bytes.
import { appendAnnouncement, isAnnounceAnswer } from './announcement.ts'
import { Connection } from './connection.ts'
import { N_DIGITS, N_MIN, payloadJson } from './payload.ts'

const ID_MARK = '"invocation_id":"'
const N_MARK = `"n":`

export interface JobSink {
  /** `n` of the payload. */
  onJob(n: number): void
  onWrong(reason: string): void
}

export class JobConsumer {
  readonly #functionId: string
  readonly #value: string
  readonly #sink: JobSink
  #connection: Connection | undefined
  readonly #registered = Promise.withResolvers<void>()

  /** Resolves when the target has taken the registration. */
  static async start(
    url: string,
    functionId: string,
    payloadBytes: number,
    sink: JobSink,
    onEnd: (reason: Error) => void,
  ): Promise<JobConsumer> {
    const consumer = new JobConsumer(functionId, payloadJson(payloadBytes), sink)
    const connection = await Connection.open(url, {
      onFrame: (buffer, start, end) => consumer.#onFrame(buffer.latin1Slice(start, end)),
      onBatchEnd: () => consumer.#connection?.flush(),
      onEnd,
    })
    consumer.#connection = connection
    appendAnnouncement(connection, 'bench-consumer')
    connection.flush()
    await consumer.#registered.promise
    return consumer
  }

  private constructor(functionId: string, value: string, sink: JobSink) {
    this.#functionId = functionId
    // Behind `n`.
    this.#value = value.slice(value.indexOf(`${N_MIN}`) + N_DIGITS)
    this.#sink = sink
  }

  provide(): void {
    this.#connection?.appendMessage({ type: 'registerfunction', id: this.#functionId })
    this.#connection?.flush()
  }

  close(): void {
    this.#connection?.close()
  }

  #onFrame(text: string): void {
    const idAt = text.indexOf(ID_MARK) + ID_MARK.length
    if (!text.startsWith('{"type":"invokefunction"')) return this.#onOther(text)
    const id = text.slice(idAt, text.indexOf('"', idAt))
    const nAt = text.indexOf(N_MARK) + N_MARK.length
    const isWhole = text.startsWith(this.#value, nAt + N_DIGITS)
    this.#connection?.appendMessage({
      type: 'invocationresult',
      invocation_id: id,
      function_id: this.#functionId,
      result: null,
    })
    if (isWhole) this.#sink.onJob(Number(text.slice(nAt, nAt + N_DIGITS)))
    else this.#sink.onWrong('damaged_payload')
  }

  #onOther(text: string): void {
    const message = JSON.parse(text) as Record<string, unknown>
    if (isAnnounceAnswer(message)) this.#registered.resolve()
    else if (message['type'] === 'registrationrejected') this.#sink.onWrong('registration_rejected')
  }
}
