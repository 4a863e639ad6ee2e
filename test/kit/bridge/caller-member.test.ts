import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withoutAnyCaller, withoutCaller } from '../../../kit/bridge/caller-member.ts'
import { distinctName } from '../../../kit/bridge/distinct-name.ts'

const ID = '6a1c9f0e-1111-4c63-9d58-0f8a4e5a3a11'
const NAME = '_caller_worker_id'

/** Objects, often with members of that name, and texts that look like one. */
const keys = fc.oneof(fc.constantFrom(NAME, `x"${NAME}`, `${NAME}":"`, 'a'), fc.string())
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.jsonValue({ maxDepth: 0 }),
    fc.constantFrom(`,"${NAME}":"${ID}"`, `"${NAME}":"${ID}"}`, ID),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(keys, tie('value'), { maxKeys: 4 }),
  ),
}))

function without(of: unknown, depth: number): unknown {
  if (typeof of !== 'object' || of === null || depth === 0) return of
  if (Array.isArray(of)) return depth === 1 ? of : of.map((item) => without(item, depth))
  return Object.fromEntries(
    Object.entries(of)
      .filter(([name]) => name !== NAME)
      .map(([name, item]) => [name, depth === 1 ? item : without(item, depth)]),
  )
}

/** As an engine adds it. */
function spliced(json: string): string {
  if (!json.startsWith('{')) return json
  return `${json.slice(0, -1)}${json === '{}' ? '' : ','}"${NAME}":"${ID}"}`
}

test('of any payload the member of the whole is taken out, and nothing else', () => {
  fc.assert(
    fc.property(value, (payload) => {
      const json = JSON.stringify(payload)
      for (const text of [json, spliced(json)])
        expect(JSON.parse(withoutCaller(text))).toEqual(JSON.parse(JSON.stringify(without(payload, 1))))
    }),
  )
})

test('or at any depth', () => {
  fc.assert(
    fc.property(value, (payload) => {
      const json = JSON.stringify(payload)
      for (const text of [json, spliced(json)])
        expect(JSON.parse(withoutAnyCaller(text))).toEqual(JSON.parse(JSON.stringify(without(payload, 9))))
    }),
  )
})

test('the text of what stays is not written anew where the engine has added the member', () => {
  const json = '{"n":9007199254740993.10, "a": [1 , 2]}'
  expect(withoutCaller(spliced(json))).toBe(json)
  expect(withoutAnyCaller(spliced(json))).toBe(json)
})

test('numbers keep their digits where the member has to be looked for', () => {
  const json = `{"${NAME}":"forged","n":9007199254740993.10}`
  expect(withoutCaller(json)).toBe('{"n":9007199254740993.10}')
  expect(withoutAnyCaller(`{"a":${json}}`)).toBe('{"a":{"n":9007199254740993.10}}')
})

test('a payload whose escapes are none of its letters stays as it is, however deep', () => {
  const json = `${'['.repeat(100_000)}"caf\\u00e9"${']'.repeat(100_000)}`
  expect(withoutAnyCaller(json) === json).toBe(true)
})

test.each([...NAME].map((letter, at) => [at, letter] as const))('letter %i may be escaped', (at, letter) => {
  for (const code of [letter.charCodeAt(0).toString(16), letter.charCodeAt(0).toString(16).toUpperCase()]) {
    const json = `{"a":1,"${NAME.slice(0, at)}\\u00${code}${NAME.slice(at + 1)}":"forged"}`
    expect(withoutCaller(json)).toBe('{"a":1}')
    expect(withoutAnyCaller(`[${json}]`)).toBe('[{"a":1}]')
  }
})

test('a name that is taken gets host and process, then a number', () => {
  const first = distinctName('edge')
  expect(first).toMatch(new RegExp(`^edge-.+-${process.pid}$`))
  expect(distinctName(first)).toBe(`${first}-2`)
  expect(distinctName(`${first}-2`)).toBe(`${first}-3`)
})
