// The page of the kit names everything that `iii-host/kit` exports, and nothing else.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from './snippets.ts'

it('each export has its place in the tables', () => {
  const index = readFileSync(path.join(ROOT, 'kit', 'index.ts'), 'utf8')
  const exported = [...index.matchAll(/^export (?:type )?\{([^}]*)\}/gm)]
    .flatMap(([, names = '']) => names.split(','))
    .map((name) =>
      name
        .trim()
        .replace(/^type /, '')
        .replace(/^\w+ as /, ''),
    )
    .filter((name) => name !== '')
  const page = readFileSync(path.join(ROOT, 'docs', 'reference', 'kit.md'), 'utf8')
  const named = [...page.matchAll(/^\| (`.*?`) \| (.+) \|$/gm)].flatMap(([, names = '', meaning = '']) => {
    expect(meaning.trim(), names).not.toBe('')
    return [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name!)
  })
  expect(named.toSorted()).toEqual(exported.toSorted())
})
