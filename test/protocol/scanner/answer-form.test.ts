// An answer that is taken for one of the known form is what the scanner would have found it to be.
import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AnswerForm } from '../../../protocol/scanner/answer-form.ts'
import { FrameKind } from '../../../protocol/scanner/envelope.ts'
import { randomFrame } from './random-frame.ts'
import { scan } from './reference-scan.ts'

const ID = '0d3c1a52-6f0e-4c1b-9a57-000000000001'
const OTHER = 'f7b7d0c6-11aa-4e0f-8b1d-00000000abcd'
const KEYS = [0, 1, -1, 0x12345678, -0x76543210]

function answer(id: string, functionId: string, more = ''): Buffer {
  return Buffer.from(`{"type":"invocationresult","invocation_id":"${id}","function_id":"${functionId}"${more}}`)
}

function masked(bytes: Buffer, key: number): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ ((key >>> (8 * (index & 3))) & 0xff)))
}

/** What is read of the second frame, which stands in other memory, when the first one was scanned. */
function idOf(first: Buffer, second: Buffer, key: number): string | undefined {
  const form = new AnswerForm()
  form.learn(first, scan(first))
  return idBy(form, second, key)
}

function idBy(form: AnswerForm, frame: Buffer, key: number): string | undefined {
  const gap = Math.abs(key) % 7
  const chunk = Buffer.concat([Buffer.alloc(gap), masked(frame, key), Buffer.alloc(gap)])
  const before = Buffer.from(chunk)
  const id = form.idIn(chunk, gap, gap + frame.length, key)
  expect(chunk.equals(before)).toBe(true)
  return id
}

describe('an answer that looks like the last one', () => {
  it.each(['w::f', 'another::function', '', '~'.repeat(100)])('is read, whatever its call and function: %s', (name) => {
    for (const key of KEYS) {
      expect(idOf(answer(ID, 'w::f'), answer(OTHER, name), key)).toBe(OTHER)
      expect(idOf(answer(ID, 'w::f', ',"result":null'), answer(OTHER, name, ',"result":null'), key)).toBe(OTHER)
    }
  })

  it('is left to the scanner with any byte beside the texts changed, added or missing', () => {
    const first = answer(ID, 'w::f', ',"result":null')
    const texts = [ID, 'w::f'].map((text) => [first.indexOf(text), first.indexOf(text) + text.length] as const)
    for (let at = 0; at < first.length; at++) {
      if (texts.some(([start, end]) => at >= start && at < end)) continue
      const changed = Buffer.from(first)
      changed[at] = (changed[at] as number) ^ 1
      const shorter = Buffer.concat([first.subarray(0, at), first.subarray(at + 1)])
      const longer = Buffer.concat([first.subarray(0, at), Buffer.from('x'), first.subarray(at)])
      for (const key of [0, 0x12345678]) {
        expect(idOf(first, changed, key), `byte ${at}`).toBeUndefined()
        expect(idOf(first, shorter, key), `without ${at}`).toBeUndefined()
        // In front of a quote it is one more byte of the text.
        if (!texts.some(([, end]) => at === end)) expect(idOf(first, longer, key), `before ${at}`).toBeUndefined()
      }
    }
  })

  it.each(['"', 'a"b', '\\n', '\\', 'é', '\u0000', 'x'.repeat(300)])('is left to the scanner with %j in it', (text) => {
    for (const key of [0, -1, 0x12345678]) {
      expect(idOf(answer(ID, 'w::f'), answer(ID, text), key)).toBeUndefined()
      const id = Buffer.from(text + ID).subarray(0, ID.length)
      const second = Buffer.concat([answer('', '').subarray(0, 44), id, answer('', 'w::f').subarray(44)])
      if (text.length < 10) expect(idOf(answer(ID, 'w::f'), second, key)).toBeUndefined()
    }
  })

  it.each([
    ['an id of another length', answer('1', 'w::f')],
    ['no function', Buffer.from(`{"type":"invocationresult","invocation_id":"${ID}"}`)],
    ['a function that is no text', Buffer.from(answer(ID, 'f').toString().replace('"f"', '1'))],
    [
      'its members in another order',
      Buffer.from(`{"function_id":"f","invocation_id":"${ID}","type":"invocationresult"}`),
    ],
    ['too many bytes', answer(ID, 'f'.repeat(200))],
  ])('is not known of one with %s', (_, first) => {
    expect(idOf(first, first, 0)).toBeUndefined()
  })

  it('is that of the latest that was learnt', () => {
    const form = new AnswerForm()
    expect(idBy(form, answer(ID, 'f'), 1)).toBeUndefined()
    for (const more of ['', ',"result":null', ' ']) {
      const first = answer(ID, 'f', more)
      form.learn(first, scan(first))
      for (const other of ['', ',"result":null', ' '])
        expect(idBy(form, answer(OTHER, 'g', other), 5)).toBe(other === more ? OTHER : undefined)
    }
  })
})

it('A random answer, with other texts or damaged, is what the scanner finds, or left to it', () => {
  const text = fc.oneof(
    fc.constantFrom('w::other', OTHER, ''),
    fc.string({ maxLength: 50 }),
    fc.string({ unit: fc.constantFrom('"', '\\', 'a', ',', '{', '\u0001') }),
  )
  const damage = fc.record({ at: fc.nat(), byte: fc.nat(255) })
  const key = fc.oneof(fc.constant(0), fc.integer())
  const seen = { read: 0, left: 0 }
  const property = fc.property(
    fc.integer(),
    text,
    text,
    fc.option(damage, { freq: 1 }),
    key,
    (seed, id, name, change, mask) => {
      const any = randomFrame(seed)
      const found = scan(any)
      if (found.kind !== FrameKind.Result || found.functionIdStart < found.invocationIdEnd) return
      const withTexts = (callId: string, functionId: string): Buffer =>
        Buffer.concat([
          any.subarray(0, found.invocationIdStart + 1),
          Buffer.from(callId),
          any.subarray(found.invocationIdEnd - 1, found.functionIdStart + 1),
          Buffer.from(functionId),
          any.subarray(found.functionIdEnd - 1),
        ])
      const first = withTexts(ID, 'w::f')
      const second = withTexts(id.length < 30 ? OTHER : id, name)
      if (change !== null) second[change.at % second.length] = change.byte
      const read = idOf(first, second, mask)
      if (read === undefined) {
        seen.left++
        return
      }
      seen.read++
      expect(isUtf8(second)).toBe(true)
      const whole = scan(second)
      expect(whole).toMatchObject({ kind: FrameKind.Result, invocationId: read })
      const parts = (frame: Buffer, { resultStart, resultEnd, errorStart, errorEnd }: typeof whole): unknown => [
        resultStart === -1 ? undefined : frame.toString('latin1', resultStart, resultEnd),
        errorStart === -1 ? undefined : frame.toString('latin1', errorStart, errorEnd),
      ]
      expect(parts(second, whole)).toEqual(parts(any, found))
    },
  )
  fc.assert(property, { numRuns: 12_000 })
  expect(seen.read).toBeGreaterThan(20)
  expect(seen.left).toBeGreaterThan(200)
})
