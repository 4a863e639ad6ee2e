import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { interpolate, originalOffset } from '../../../core/config/interpolate.ts'

const at = (text: string, env: Record<string, string | undefined> = {}) =>
  interpolate(text, { env, engineVersion: '1.2.3' })

describe('interpolate', () => {
  test.each([
    ['${A}', { A: 'x' }, 'x'],
    ['${A}', { A: '' }, ''],
    ['${A:d}', {}, 'd'],
    ['${A:}', {}, ''],
    ['${A:d}', { A: 'x' }, 'x'],
    ['${A:d}', { A: '' }, ''],
    ['${U:redis://h:6379}', {}, 'redis://h:6379'],
    ['${V:__III_ENGINE_VERSION__}', {}, '1.2.3'],
    ['${V:__III_ENGINE_VERSION__}', { V: '9' }, '9'],
    ['a: [${A},${B:2}]', { A: '1' }, 'a: [1,2]'],
    ['${A}${A}', { A: 'x' }, 'xx'],
  ])('%s with %o gives %o', (text, env, expected) => {
    expect(at(text, env).text).toBe(expected)
  })

  test.each(['$NAME', '${NAME', '${}', '${:x}', '${NAME\n}', '$ {A}'])('leaves %o as it is', (text) => {
    expect(at(text, { NAME: 'no' })).toEqual({ text, substitutions: [], missing: [], odd: [] })
  })

  test('knows no escape: the $ before a placeholder stays and the placeholder is replaced', () => {
    expect(at('$${A}', { A: 'x' }).text).toBe('$x')
  })

  test('does not look into what a variable holds', () => {
    expect(at('${A}', { A: '${B}', B: 'no' }).text).toBe('${B}')
  })

  test('finds no variables on the prototype of the environment', () => {
    expect(at('${toString}').missing).toEqual([{ name: 'toString', offset: 0 }])
  })

  test('lists all missing variables at once, each where it first stands', () => {
    expect(at('a: ${A}\nb: ${B}\nc: ${A}').missing).toEqual([
      { name: 'A', offset: 3 },
      { name: 'B', offset: 11 },
    ])
  })

  test.each([
    ['a comment of its own line', '# ${A}\nb: 1'],
    ['a comment behind a value', 'b: 1 # ${A}'],
    ['a comment inside a flow list', 'b: [1, # ${A}\n 2]'],
  ])('leaves placeholders in %s alone', (_what, text) => {
    expect(at(text)).toMatchObject({ text, missing: [] })
    expect(at(text, { A: 'x\nc: 2' }).text).toBe(text)
  })

  test.each([
    ['a quoted string', 'b: "x # ${A}"'],
    ['a block scalar', 'b: |\n  # ${A}\n'],
    ['a word with a # inside', 'b: x#${A}'],
    ['the line after a default with a # in it', 'b: ${B:x #y}\nc: ${A}'],
  ])('replaces them in %s, which is no comment', (_what, text) => {
    expect(at(text, { A: 'found' }).text).toContain('found')
  })

  test('takes text without placeholders as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!text.includes('${'))
        expect(at(text).text).toBe(text)
      }),
    )
  })

  test('replaces each placeholder by its value and keeps all else, and maps offsets back', () => {
    const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/)
    const value = fc.stringMatching(/^[a-z0-9:/. -]{0,12}$/)
    const piece = fc.oneof(
      fc.stringMatching(/^[a-z ,.-]{0,8}$/).map((text) => ({ written: text, result: text, env: {} })),
      fc
        .tuple(name, value)
        .map(([key, text]) => ({ written: `\${E_${key}}`, result: text, env: { [`E_${key}`]: text } })),
      fc.tuple(name, value).map(([key, text]) => ({ written: `\${D_${key}:${text}}`, result: text, env: {} })),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const env: Record<string, string> = {}
        // The same variable twice has the value of the first.
        const results = pieces.map(({ written, result, env: own }) => {
          for (const [key, text] of Object.entries(own)) env[key] ??= text
          const key = /^\$\{(E_\w+)\}$/.exec(written)?.[1]
          return key === undefined ? result : (env[key] ?? '')
        })
        const outcome = at(pieces.map(({ written }) => written).join(''), env)
        expect(outcome.text).toBe(results.join(''))
        let original = 0
        let offset = 0
        for (const [index, { written }] of pieces.entries()) {
          const length = results[index]?.length ?? 0
          if (length > 0) expect(originalOffset(outcome.substitutions, offset)).toBe(original)
          original += written.length
          offset += length
        }
      }),
    )
  })
})
