// docs/reference/errors.md and protocol/errors.ts say the same, in both directions.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { ERROR_CODES } from '../../protocol/errors.ts'

const page = readFileSync(new URL('../../docs/reference/errors.md', import.meta.url), 'utf8')
const documented = new Map(
  [...page.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, code, meaning]) => [code, meaning]),
)

it.each(Object.entries(ERROR_CODES))('%s is documented with its meaning', (code, meaning) => {
  expect(documented.get(code)).toBe(meaning)
})

it('documents no code that does not exist', () => {
  expect([...documented.keys()].filter((code) => !Object.hasOwn(ERROR_CODES, code ?? ''))).toEqual([])
})

it('no meaning breaks the table', () => {
  for (const meaning of Object.values(ERROR_CODES)) expect(meaning).not.toMatch(/[|\n]/)
})
