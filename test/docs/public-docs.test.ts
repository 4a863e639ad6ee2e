// What the package exports has a doc comment that its readers can follow: they have neither our specification nor our notes.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesIn, ROOT } from '../repository/source-files.ts'

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')

/** Names that a module exports, each with the file that declares it. */
function exportsOf(file: string): (readonly [name: string, file: string])[] {
  const text = read(file)
  const declared = [...text.matchAll(/^export (?:abstract |async )?(?:class|const|function|interface|type) (\w+)/gm)]
  const passedOn = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from '(\.[^']+)'/gm)].flatMap(
    ([, names = '', from = '']) =>
      names.split(',').flatMap((name) => {
        const word = /(?:type )?(\w+)/.exec(name.trim())?.[1]
        return word === undefined ? [] : [[word, path.join(path.dirname(file), from)] as const]
      }),
  )
  const all = [...text.matchAll(/^export (?:type )?\* from '(\.[^']+)'/gm)]
  return [
    ...declared.map(([, name = '']) => [name, file] as const),
    ...passedOn.flatMap(([name, from]) =>
      isDeclaredIn(name, from) ? [[name, from] as const] : exportsOf(from).filter(([other]) => other === name),
    ),
    ...all.flatMap(([, from = '']) => exportsOf(path.join(path.dirname(file), from))),
  ]
}

function isDeclaredIn(name: string, file: string): boolean {
  return declarationOf(name).test(read(file))
}

function declarationOf(name: string): RegExp {
  return new RegExp(`^export (?:declare |abstract |async )*(?:class|const|function|interface|type) ${name}\\b`, 'm')
}

describe.each([
  'plugin.ts',
  'sdk.ts',
  'browser.ts',
  'sdk/stream.ts',
  'sdk/state.ts',
  'kit/index.ts',
  'testing/index.ts',
  'index.ts',
])('%s', (entry) => {
  it('exports nothing without a doc comment', () => {
    const found = exportsOf(entry)
    expect(found.length).toBeGreaterThan(5)
    const bare = found.filter(([name, file]) => {
      const text = read(file)
      const at = text.search(declarationOf(name))
      return !text.slice(0, at).trimEnd().endsWith('*/')
    })
    expect(bare.map(([name, file]) => `${file}: ${name}`)).toEqual([])
  })
})

it('doc comments cite no specification', () => {
  const cited = filesIn('sdk', 'kit', 'testing', 'index.ts', 'plugin.ts').flatMap((file) =>
    [...read(file).matchAll(/\/\*\*[^]*?\*\//g)]
      .filter(([text]) => /\bspec \d/.test(text))
      .map(([text]) => `${file}: ${text}`),
  )
  expect(cited).toEqual([])
})
