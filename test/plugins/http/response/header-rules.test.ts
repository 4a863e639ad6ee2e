// Which headers may be sent, against what Node accepts.
import { validateHeaderName, validateHeaderValue } from 'node:http'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { headerFault, wireValue } from '../../../../plugins/http/response/header-rules.ts'

it.each(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'trailer', 'proxy-connection'])(
  'keeps back %s, which is the server’s to say',
  (name) => {
    expect(headerFault(name, 'x')).toBe('framing')
  },
)

it.each([
  ['', 'x'],
  ['a b', 'x'],
  ['a:', 'x'],
  ['a\n', 'x'],
  ['ä', 'x'],
  ['a', 'x\r\nb: c'],
  ['a', '\0'],
  ['a', '\x7f'],
])('finds %j: %j invalid', (name, value) => {
  expect(headerFault(name, value)).toBe('invalid')
})

it('passes nothing that Node would throw at', () => {
  const letters = fc.string({ unit: fc.integer({ min: 0, max: 0x200 }).map((code) => String.fromCharCode(code)) })
  fc.assert(
    fc.property(fc.oneof(fc.constant('x-a'), letters), letters, (name, value) => {
      if (headerFault(name, value) !== undefined) return
      validateHeaderName(name)
      validateHeaderValue(name, wireValue(value))
    }),
    { numRuns: 2000 },
  )
})

it('refuses nothing that is ASCII and that Node would send', () => {
  const ascii = fc.string({ unit: 'binary-ascii' })
  fc.assert(
    fc.property(ascii, ascii, (name, value) => {
      try {
        validateHeaderName(name)
        validateHeaderValue(name, value)
      } catch {
        return
      }
      expect(headerFault(name, value)).not.toBe('invalid')
    }),
    { numRuns: 2000 },
  )
})

it('writes half a character as a replacement', () => {
  expect(Buffer.from(wireValue('a\ud800'), 'latin1').toString()).toBe('a\ufffd')
})
