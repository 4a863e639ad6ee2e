// A frame that differs from call to call only in its id and numbers: learned from one answer that was checked by parsing,
// then patched to what the next answer must be and compared as bytes. One memory comparison checks the whole answer.
import { ID_LENGTH, readSlot, writeCallId } from './call-id.ts'
import { writeN } from './payload.ts'

export class ExpectedFrame {
  readonly #bytes: Buffer
  readonly #idAt: number
  readonly #nAt: readonly number[]
  readonly #beforeAt: readonly number[]

  /**
   * `n` is the number of the call, `before` the one of the value that it replaced (0 = none). Undefined when the id does not
   * stand in the frame as it is.
   */
  static learn(payload: Buffer, id: string, n: number, before: number): ExpectedFrame | undefined {
    const idAt = payload.indexOf(id, 0, 'latin1')
    if (idAt === -1) return undefined
    return new ExpectedFrame(
      Buffer.from(payload),
      idAt,
      placesOf(payload, n),
      before === 0 ? [] : placesOf(payload, before),
    )
  }

  private constructor(bytes: Buffer, idAt: number, nAt: readonly number[], beforeAt: readonly number[]) {
    this.#bytes = bytes
    this.#idAt = idAt
    this.#nAt = nAt
    this.#beforeAt = beforeAt
  }

  /** Slot that a payload of this form answers; -1 when it is not of this form. */
  slotOf(buffer: Buffer, start: number, end: number): number {
    return end - start === this.#bytes.length ? readSlot(buffer, start + this.#idAt) : -1
  }

  equals(
    buffer: Buffer,
    start: number,
    end: number,
    sequence: number,
    slot: number,
    n: number,
    before: number,
  ): boolean {
    const bytes = this.#bytes
    writeCallId(bytes, this.#idAt, sequence, slot)
    for (let place = 0; place < this.#nAt.length; place++) writeN(bytes, this.#nAt[place]!, n)
    for (let place = 0; place < this.#beforeAt.length; place++) writeN(bytes, this.#beforeAt[place]!, before)
    return bytes.compare(buffer, start, end) === 0
  }
}

/** Where `"n":<n>` stands; the offsets are those of the digits. */
function placesOf(payload: Buffer, n: number): number[] {
  const mark = `"n":${n}`
  const places: number[] = []
  for (let at = payload.indexOf(mark); at !== -1; at = payload.indexOf(mark, at + ID_LENGTH)) places.push(at + 4)
  return places
}
