import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MAX_CONFIG_BYTES, parseConfigDocument, readConfigDocument } from '../../../core/config/config-document.ts'
import { ConfigError } from '../../../core/config/config-error.ts'
import { MAX_CONFIG_DEPTH } from '../../../core/config/yaml-depth.ts'

const options = { env: { PORT: '3111', LINES: 'x\n\n\n y' }, engineVersion: '1.2.3' }
const parse = (text: string) => parseConfigDocument('/p/c.yaml', text, options)

function problemsOf(text: string): ConfigError['problems'] {
  try {
    parse(text)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('lists and maps in each other', () => {
  const levels = (depth: number): Record<string, string> => ({
    'flow lists': `${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}`,
    'flow lists without an end': '['.repeat(depth - 1),
    'flow maps': `${'{a: '.repeat(depth - 1)}1${'}'.repeat(depth - 1)}`,
    'lists in a line': `\n  ${'- '.repeat(depth - 1)}x`,
    'maps line by line': Array.from({ length: depth - 1 }, (_, level) => `\n${' '.repeat(level + 1)}a:`).join(''),
    keys: `\n  ${'? '.repeat(depth - 1)}x`,
  })

  test.each(Object.keys(levels(2)))('are told once where they nest too deep: %s', (kind) => {
    for (const depth of [MAX_CONFIG_DEPTH + 1, kind === 'maps line by line' ? 1_300 : 20_000]) {
      const [problem, ...more] = problemsOf(`a: ${levels(depth)[kind]}`)
      expect(problem?.message).toBe(`lists and maps nest deeper than ${MAX_CONFIG_DEPTH} levels`)
      expect(more).toEqual([])
    }
  })

  test.each(['flow lists', 'flow maps', 'lists in a line', 'maps line by line'])(
    'may go as deep as it is said: %s',
    (kind) => {
      expect(parse(`a: ${levels(MAX_CONFIG_DEPTH)[kind]}`).value).toHaveProperty('a')
    },
  )

  test('are counted through aliases as well', () => {
    const both = (inner: number): string =>
      `a: &a ${levels(50)['flow lists']}\nb: ${'['.repeat(inner)}*a${']'.repeat(inner)}`
    expect(parse(both(MAX_CONFIG_DEPTH - 50)).value).toHaveProperty('b')
    expect(problemsOf(both(MAX_CONFIG_DEPTH - 49))).toMatchObject([
      { message: expect.stringContaining('nest deeper than') },
    ])
  })

  test('are told where they stand', () => {
    expect(problemsOf(`workers: []\na: ${levels(20_000)['flow lists']}`)).toMatchObject([
      { file: '/p/c.yaml', line: 2, column: 103 },
    ])
  })
})

describe('parseConfigDocument', () => {
  test.each(['', '\n', '# nothing\n', '---\n', 'null\n', '\uFEFF', '---\n...\n'])(
    'takes %o as an empty map',
    (text) => {
      expect(parse(text).value).toEqual({})
    },
  )

  test.each([
    ['a tab as indentation', 'a:\n\tb: 1\n', '/p/c.yaml:2:1: '],
    ['an unclosed bracket', 'a: [1\n', '/p/c.yaml:2:1: '],
    ['a key twice', 'a: 1\na: 2\n', '/p/c.yaml:2:1: '],
    ['a second document', '---\na: 1\n---\nb: 2\n', '/p/c.yaml:4:1: a second YAML document'],
    ['an unknown alias', 'a: *b\n', '/p/c.yaml:1:4: the alias *b has no anchor'],
    ['an alias inside its own anchor', 'a: &b\n  c: *b\n', '/p/c.yaml:2:6: the alias *b stands inside'],
    ['a list at the top', '- name: x\n', "/p/c.yaml:1:1: expected a map with keys such as 'workers:', got a list"],
    ['a word at the top', '\nhello\n', '/p/c.yaml:2:1: expected a map'],
    ['a map as a key', '? {a: 1}\n: 2\n', '/p/c.yaml:1:3: '],
  ])('refuses %s with file, line and column', (_what, text, place) => {
    expect(() => parse(text)).toThrow(ConfigError)
    expect(() => parse(text)).toThrow(`Failed to parse config file '/p/c.yaml': ${place}`)
  })

  test('lists every YAML error', () => {
    expect(() => parse('a: 1\na: 2\nb: *c\n')).toThrow(/:2:1:[^]*:3:4:/)
  })

  test('an anchor can not be blown up without end', () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) =>
        `a${level}: &a${level} [${Array(9)
          .fill(level === 0 ? 'x' : `*a${level - 1}`)
          .join(', ')}]`,
    )
    expect(() => parse(levels.join('\n'))).toThrow(/Failed to parse config file .*alias/i)
  })

  test('merges maps, and knows the line of what was merged', () => {
    const document = parse('base: &base\n  size: 1\nuse:\n  <<: *base\n  colour: red\n')
    expect(document.value['use']).toEqual({ size: 1, colour: 'red' })
    expect(document.lineOf(['use', 'size'])).toBe(2)
    expect(document.lineOf(['use', 'colour'])).toBe(5)
  })

  test('merges nothing by a key in quotes', () => {
    const document = parse('use:\n  "<<": { size: 1 }\n  colour: red\n')
    expect(document.value['use']).toEqual({ '<<': { size: 1 }, colour: 'red' })
    expect(document.lineOf(['use', 'colour'])).toBe(3)
    expect(document.lineOf(['use', '<<', 'size'])).toBe(2)
    expect(document.sourceOf(['use', 'size'])).toBeUndefined()
  })

  test('reads Windows line endings and gives the same lines', () => {
    const document = parse('a:\r\n  - b: 1\r\n  - c: ${PORT}\r\n')
    expect(document.value).toEqual({ a: [{ b: 1 }, { c: 3111 }] })
    expect(document.lineOf(['a', 1, 'c'])).toBe(3)
  })

  test('gives lines of the file as it is written, whatever a variable holds', () => {
    const document = parse('a: "${LINES}"\nb: 1\n')
    expect(document.lineOf(['b'])).toBe(2)
    expect(() => parse('a: "${LINES}"\nb: [\n')).toThrow('c.yaml:3:1: ')
  })

  test('gives the line of the nearest parent of what is not there', () => {
    const document = parse('a:\n  b:\n    - x\n')
    expect(document.lineOf(['a', 'b', 5, 'z'])).toBe(2)
    expect(document.lineOf(['nope'])).toBe(1)
  })

  test('tells what came from a variable, from its default, and from neither', () => {
    const document = parse('a: ${PORT}\nb: ${NONE:7}\nc: 1\nd: "x ${PORT} ${NONE:y}"\n')
    expect(document.sourceOf(['a'])).toEqual({ line: 1, placeholders: [{ name: 'PORT', source: 'environment' }] })
    expect(document.sourceOf(['b'])).toEqual({ line: 2, placeholders: [{ name: 'NONE', source: 'default' }] })
    expect(document.sourceOf(['c'])).toEqual({ line: 3, placeholders: [] })
    expect(document.sourceOf(['d'])?.placeholders).toHaveLength(2)
    expect(document.sourceOf(['e'])).toBeUndefined()
  })

  test('reports all missing variables at once, with lines and a remedy', () => {
    const failure = (): unknown => parse('a: ${NOPE}\n# ${COMMENT}\nb: ${GONE}\n')
    expect(failure).toThrow("/p/c.yaml:1: Environment variable 'NOPE' not set and no default provided")
    expect(failure).toThrow("/p/c.yaml:3: Environment variable 'GONE' not set and no default provided")
    expect(failure).not.toThrow(/COMMENT/)
    expect(failure).toThrow(expect.objectContaining({ remedy: expect.stringContaining('${NOPE:value}') }))
  })
})

describe('readConfigDocument', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'iii-document-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('names a file that is not there', () => {
    const path = join(folder, 'c.yaml')
    expect(() => readConfigDocument(path, options)).toThrow(`Config file not found: '${path}'.`)
  })

  test('names a file that can not be read', () => {
    const path = join(folder, 'c.yaml')
    mkdirSync(path)
    expect(() => readConfigDocument(path, options)).toThrow(`Failed to read config file '${path}': EISDIR`)
  })

  test('refuses a file that is too large', () => {
    const path = join(folder, 'c.yaml')
    writeFileSync(path, '#'.repeat(MAX_CONFIG_BYTES + 1))
    expect(() => readConfigDocument(path, options)).toThrow(
      `Failed to read config file '${path}': it has ${MAX_CONFIG_BYTES + 1} bytes`,
    )
    writeFileSync(path, '#'.repeat(MAX_CONFIG_BYTES))
    expect(readConfigDocument(path, options).value).toEqual({})
  })
})
