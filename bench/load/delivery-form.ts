// How the call looks that brings an event to a subscriber of a fan-out run, and the answer to it.
import type { Connection } from './connection.ts'
import { writeN } from './payload.ts'
import { encodeMasked } from './websocket-frame.ts'

const INDEX_DIGITS = 5
const FUNCTION_PREFIX = 'bench::subscriber::'
const ID_MARK = '"invocation_id":"'

export function subscriberFunction(index: number): string {
  return FUNCTION_PREFIX + indexDigits(index)
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

export function indexDigits(index: number): string {
  return String(index).padStart(INDEX_DIGITS, '0')
}
