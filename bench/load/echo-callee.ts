// The worker side of the load: registers a function and answers each call with the payload that the call brought.
// Calls are checked like answers are: parsed once, then compared as bytes; the caller checks id and number.
import { appendAnnouncement, isAnnounceAnswer } from './announcement.ts'
import { Connection } from './connection.ts'
import { N_DIGITS, N_MIN, payloadJson } from './payload.ts'
import { encodeMasked } from './websocket-frame.ts'
import { isValue } from './workload.ts'

const ID_MARK = '"invocation_id":"'
const N_MARK = '"n":'

/** A call as it arrives, with the two places that vary, and the answer to it with the same two places. */
interface CallForm {
  readonly call: Buffer
  readonly idAt: number
  readonly idLength: number
  readonly nAt: number
  readonly answer: Buffer
  readonly answerIdAt: number
  readonly answerNAt: number
}

export class EchoCallee {
  readonly #functionId: string
  readonly #value: string
  readonly #onEnd: (reason: Error) => void
  #connection: Connection | undefined
  #registered = Promise.withResolvers<void>()
  #form: CallForm | undefined
  /** Calls answered with their payload. One that is damaged is answered with an error instead. */
  answered = 0

  /** Resolves when the target has taken the registration. */
  static async start(
    url: string,
    functionId: string,
    payloadBytes: number,
    onEnd: (reason: Error) => void,
  ): Promise<EchoCallee> {
    const callee = new EchoCallee(functionId, payloadJson(payloadBytes), onEnd)
    const connection = await Connection.open(url, {
      onFrame: (buffer, start, end) => callee.#onFrame(buffer, start, end),
      onEnd: (reason) => {
        callee.#registered.reject(reason)
        onEnd(reason)
      },
    })
    callee.#connection = connection
    connection.appendMessage({ type: 'registerfunction', id: functionId })
    appendAnnouncement(connection, 'bench-callee')
    connection.flush()
    await callee.#registered.promise
    return callee
  }

  private constructor(functionId: string, value: string, onEnd: (reason: Error) => void) {
    this.#functionId = functionId
    this.#value = value
    this.#onEnd = onEnd
  }

  close(): void {
    this.#connection?.close()
  }

  #onFrame(buffer: Buffer, start: number, end: number): void {
    const form = this.#form
    if (form !== undefined && end - start === form.call.length) {
      const { call, idAt, nAt } = form
      const idEnd = idAt + form.idLength
      for (let at = idAt; at < idEnd; at++) call[at] = buffer[start + at]!
      for (let at = nAt; at < nAt + N_DIGITS; at++) call[at] = buffer[start + at]!
      if (call.compare(buffer, start, end) === 0) return this.#answer(form)
    }
    this.#onUnknownForm(buffer.utf8Slice(start, end))
  }

  #answer(form: CallForm): void {
    this.answered++
    const connection = this.#connection!
    const answerAt = connection.append(form.answer)
    const { out } = connection
    const { call, idAt, idLength, nAt } = form
    const outIdAt = answerAt + form.answerIdAt
    const outNAt = answerAt + form.answerNAt
    for (let offset = 0; offset < idLength; offset++) out[outIdAt + offset] = call[idAt + offset]!
    for (let offset = 0; offset < N_DIGITS; offset++) out[outNAt + offset] = call[nAt + offset]!
  }

  #onUnknownForm(text: string): void {
    const message = JSON.parse(text) as Record<string, unknown>
    if (isAnnounceAnswer(message)) return this.#registered.resolve()
    if (message['type'] === 'registrationrejected') return this.#onEnd(new Error(`The target refused: ${text}`))
    if (message['type'] !== 'invokefunction') return
    const id = String(message['invocation_id'])
    const n = numberOf(message['data'])
    if (!isValue(message['data'], this.#value, n)) {
      const error = { code: 'invocation_failed', message: 'The payload of the call is damaged.' }
      this.#connection?.appendMessage({
        type: 'invocationresult',
        invocation_id: id,
        function_id: this.#functionId,
        error,
      })
      return
    }
    const form = this.#learn(text, id, n)
    if (form !== undefined) {
      this.#form = form
      return this.#answer(form)
    }
    this.answered++
    this.#connection?.appendMessage({
      type: 'invocationresult',
      invocation_id: id,
      function_id: this.#functionId,
      result: message['data'],
    })
  }

  #learn(text: string, id: string, n: number): CallForm | undefined {
    const idAt = text.indexOf(ID_MARK + id)
    const nAt = text.indexOf(N_MARK + n)
    if (idAt === -1 || nAt === -1) return undefined
    const call = Buffer.from(text)
    if (call.length !== text.length) return undefined
    const head = `{"type":"invocationresult",${ID_MARK}`
    const payload = `${head}${id}","function_id":${JSON.stringify(this.#functionId)},"result":${this.#value.replace(`${N_MIN}`, `${n}`)}}`
    const answer = encodeMasked(payload)
    const header = answer.length - payload.length
    return {
      call,
      idAt: idAt + ID_MARK.length,
      idLength: id.length,
      nAt: nAt + N_MARK.length,
      answer,
      answerIdAt: header + head.length,
      answerNAt: header + payload.indexOf(N_MARK + n) + N_MARK.length,
    }
  }
}

function numberOf(data: unknown): number {
  return typeof data === 'object' && data !== null && 'n' in data && typeof data.n === 'number' ? data.n : Number.NaN
}
