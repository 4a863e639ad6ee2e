import { describe, expect, it } from 'vitest'
import { KnownTexts } from '../../../protocol/scanner/known-texts.ts'

describe('KnownTexts', () => {
  const read = (known: KnownTexts, text: string) => known.at(Buffer.from(`..."${text}"...`), 3, 5 + text.length)

  it('gives each text back, however many share the slots', () => {
    const known = new KnownTexts()
    const texts = Array.from({ length: 5000 }, (_, index) => `service::function-${index}`)
    texts.push('', 'a', 'ab', 'abc', 'x'.repeat(93), 'x'.repeat(94), 'x'.repeat(95), 'x'.repeat(500))
    for (let round = 0; round < 2; round++) {
      for (const text of texts) expect([read(known, text), read(known, text)]).toEqual([text, text])
    }
  })

  it('keeps nothing of the frame that it read', () => {
    const known = new KnownTexts()
    const frame = Buffer.from('"state::get"')
    expect(known.at(frame, 0, frame.length)).toBe('state::get')
    frame.write('"state::set"')
    expect(known.at(frame, 0, frame.length)).toBe('state::set')
    expect(read(known, 'state::get')).toBe('state::get')
  })
})
