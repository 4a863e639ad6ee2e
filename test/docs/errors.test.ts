// docs/reference/errors.md and the tables of codes say the same, in both directions: the engine's, and each built-in worker's.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { BUILT_INS } from '../../plugins/built-ins.ts'
import { ERROR_CODES } from '../../protocol/errors.ts'
import { errorsReference } from '../../scripts/reference/errors.ts'
import { ROOT } from './snippets.ts'

const page = readFileSync(path.join(ROOT, 'docs/reference/errors.md'), 'utf8')
const OWNERS: readonly (readonly [owner: string, codes: Readonly<Record<string, string>>])[] = [
  ['the engine', ERROR_CODES],
  ...BUILT_INS.flatMap(({ about: { name, errors } }) => (errors === undefined ? [] : [[name, errors] as const])),
]

it('is up to date (write it with: npm run docs)', () => {
  expect(page).toBe(errorsReference(BUILT_INS))
})

describe.each(OWNERS)('the codes of %s', (owner, codes) => {
  const [, section = ''] = page.split(`## Codes of ${owner}\n`)
  const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)]
  const documented = rows.map(([, code, meaning]) => [code, meaning])

  it('are documented with their meanings, and no others are', () => {
    expect(documented).toEqual(Object.entries(codes))
  })
  it('have no meaning that breaks the table', () => {
    for (const meaning of Object.values(codes)) expect(meaning).not.toMatch(/[|\n]/)
  })
})

describe.each(BUILT_INS)('$about.name', ({ folder, about }) => {
  it('gives no code that neither it nor the engine documents', () => {
    const thrown = globSync('**/*.ts', { cwd: folder })
      .map((file) => readFileSync(path.join(folder, file), 'utf8'))
      .flatMap((text) => [...text.matchAll(/new CodedError\(\s*'([^']+)'/g)].map(([, code = '']) => code))
    const known = { ...ERROR_CODES, ...about.errors }
    expect(thrown.filter((code) => !Object.hasOwn(known, code))).toEqual([])
  })
})
