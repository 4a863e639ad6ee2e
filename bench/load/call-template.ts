// The prepared frame of a call: copied into the batch, then its id, number and key are patched in place.
import { callIdText, writeCallId } from './call-id.ts'
import { N_MIN, writeN } from './payload.ts'
import { encodeMasked } from './websocket-frame.ts'
import { KEY_DIGITS, type RepeatedCall } from './workload.ts'
import type { Connection } from './connection.ts'

const POWER_OF_FIRST_DIGIT = 10 ** (KEY_DIGITS - 1)

export class CallTemplate {
  readonly #frame: Buffer
  readonly #idAt: number
  /** -1 = the call has none. */
  readonly #nAt: number
  readonly #keyAt: number

  constructor(call: RepeatedCall) {
    const id = callIdText(0, 0)
    const functionId = JSON.stringify(call.functionId)
    const action = call.action === undefined ? '' : `,"action":${call.action}`
    this.#frame = encodeMasked(
      `{"type":"invokefunction","invocation_id":"${id}","function_id":${functionId},"data":${call.data}${action}}`,
    )
    this.#idAt = this.#frame.indexOf(id)
    this.#nAt = behind(this.#frame, '"n":', `${N_MIN}`)
    this.#keyAt = behind(this.#frame, '":"k', '0'.repeat(KEY_DIGITS))
  }

  get bytes(): number {
    return this.#frame.length
  }

  append(connection: Connection, sequence: number, slot: number, n: number, key: number): void {
    const at = connection.append(this.#frame)
    const { out } = connection
    writeCallId(out, at + this.#idAt, sequence, slot)
    if (this.#nAt !== -1) writeN(out, at + this.#nAt, n)
    if (this.#keyAt !== -1) writeKey(out, at + this.#keyAt, key)
  }
}

function behind(frame: Buffer, mark: string, value: string): number {
  const at = frame.indexOf(mark + value)
  return at === -1 ? -1 : at + mark.length
}

function writeKey(into: Buffer, at: number, key: number): void {
  let rest = key
  let power = POWER_OF_FIRST_DIGIT
  for (let digit = at; digit < at + KEY_DIGITS; digit++) {
    const value = (rest / power) | 0
    into[digit] = 48 + value
    rest -= value * power
    power /= 10
  }
}
