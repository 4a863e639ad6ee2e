import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import { describe, expect, test } from 'vitest'
import { configFileSchema } from '../../../core/config/file-schema.ts'
import { validateAgainstSchema } from '../../../base/values/schema-validation.ts'
import { ALL_NAMES } from '../../support/worker-names.ts'
import { SCHEMA_FILE_NAME } from '../../../bin/schema-file.ts'
import { starterText } from '../../../bin/starter-file.ts'
import type { JsonSchema } from '../../../base/values/json-schema.ts'
import { ENGINE_SCHEMA } from '../../../core/config/engine-options.ts'
import { ENTRY_SCHEMA } from '../../../core/config/entry-schema.ts'
import { LISTENER_SCHEMA } from '../../../core/config/listener-schema.ts'
import { BUILT_INS } from '../../../plugins/built-ins.ts'
import { pages, ROOT } from '../../docs/snippets.ts'

const SCHEMA = configFileSchema(
  {
    'iii-state': { type: 'object', properties: { adapter: {} }, additionalProperties: false },
    hello: { type: 'object', properties: { greeting: { type: 'string' } }, additionalProperties: false },
  },
  ALL_NAMES,
)

const accepts = (value: unknown): boolean => 'value' in validateAgainstSchema(SCHEMA, value)

describe('configFileSchema', () => {
  test.each<[unknown]>([
    [{}],
    [parse(starterText())],
    [{ workers: null, modules: [], engine: null }],
    [
      {
        workers: [
          { name: 'hello', config: { greeting: 'Hi' } },
          { name: 'state', config: null },
        ],
      },
    ],
    [{ workers: [{ name: 'somebody', config: { anything: 1 } }] }],
    [{ modules: [{ class: 'modules::state::StateModule' }] }],
  ])('accepts %o', (value) => {
    expect(accepts(value)).toBe(true)
  })

  test.each<[unknown]>([
    [{ workers: [{ config: {} }] }],
    [{ workers: [{ name: 'hello', config: { greetin: 'Hi' } }] }],
    [{ workers: [{ name: 'state', config: { adaptr: 1 } }] }],
    [{ modules: [{ name: 'iii-worker-manager', config: { port: 'x' } }] }],
    [{ workers: [{ name: 'x', isolatoin: 'thread' }] }],
    [{ engine: { gate: 1 } }],
  ])('refuses %o', (value) => {
    expect(accepts(value)).toBe(false)
  })
})

// What is written in a file, before variables are replaced: as an editor sees it.
const BUILT_IN_SCHEMAS = Object.fromEntries(
  await Promise.all(BUILT_INS.map(async ({ about }) => [about.name, (await about.config?.()) ?? {}] as const)),
)
const ajv = new Ajv({ strict: false, allErrors: true })
const validate = ajv.compile(configFileSchema(BUILT_IN_SCHEMAS, ALL_NAMES))
const problemsOf = (value: unknown): string[] =>
  validate(value) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)

/** The path of a value; 0 is the item of a list. */
type Place = readonly (string | number)[]

/** Places of values in a schema, with the shape around them: `['adapter', 'config', 'file_path']`. */
function placesIn(schema: JsonSchema): Place[] {
  const { properties = {}, items, anyOf = [], oneOf = [] } = schema as Record<string, any>
  const named = Object.entries(properties as Record<string, JsonSchema>).flatMap(([name, inner]) =>
    [[], ...placesIn(inner)].map((rest): Place => [name, ...rest]),
  )
  const listed = items === undefined ? [] : [[], ...placesIn(items)].map((rest): Place => [0, ...rest])
  return [...named, ...listed, ...[...anyOf, ...oneOf].flatMap((branch: JsonSchema) => placesIn(branch))]
}

/** With what the schema requires beside it. */
function valueWith(place: Place, leaf: unknown, schema: JsonSchema): unknown {
  const [first, ...rest] = place
  if (first === undefined) return leaf
  const { properties = {}, items = {}, required = [] } = schema as Record<string, any>
  if (typeof first === 'number') return [valueWith(rest, leaf, items as JsonSchema)]
  const beside = (required as string[]).map((name) => [name, leastValue(properties[name] ?? {})])
  return { ...Object.fromEntries(beside), [first]: valueWith(rest, leaf, properties[first] ?? {}) }
}

function leastValue({ type }: Record<string, unknown>): unknown {
  if (type === 'array') return []
  return type === 'integer' ? 1 : 'x'
}

describe('a variable', () => {
  const listenerPlaces = placesIn(LISTENER_SCHEMA)
  const entryPlaces = placesIn(ENTRY_SCHEMA).filter(([first]) => first !== 'class')
  const enginePlaces = placesIn(ENGINE_SCHEMA).filter(([first, second]) => first !== 'health' || second === 'port')

  test('may stand in the place of every value of a listener, an entry and the engine', () => {
    expect(listenerPlaces.length + entryPlaces.length + enginePlaces.length).toBeGreaterThan(50)
    for (const written of ['${NAME}', '${NAME:5}', '${A:x}${B:y}']) {
      for (const place of listenerPlaces)
        expect(
          problemsOf({ workers: [{ name: 'iii-worker-manager', config: valueWith(place, written, LISTENER_SCHEMA) }] }),
        ).toEqual([])
      for (const place of entryPlaces)
        expect(
          problemsOf({ workers: [{ name: 'x', ...(valueWith(place, written, ENTRY_SCHEMA) as object) }] }),
        ).toEqual([])
      for (const place of enginePlaces)
        expect(problemsOf({ engine: valueWith(place, written, ENGINE_SCHEMA) })).toEqual([])
    }
  })

  test.each(BUILT_INS)('may stand in the place of every value of $about.name', ({ about: { name, leastConfig } }) => {
    const schema = BUILT_IN_SCHEMAS[name] ?? {}
    for (const place of placesIn(schema)) {
      // A block of an adapter is told by its name.
      if (place[0] === 'adapter' && place.length > 1) continue
      const config = { ...leastConfig, ...(valueWith(place, '${NAME:1}', schema) as object) }
      expect(problemsOf({ workers: [{ name, config }] })).toEqual([])
    }
  })

  test.each([
    [{ adapter: { name: '${STORE:kv}' } }],
    [{ adapter: { name: 'kv', config: { store_method: '${METHOD:in_memory}', file_path: '${FILE}' } } }],
    [{ adapter: { name: 'kv', config: '${CONFIG}' } }],
  ])('may stand in an adapter: %j', (config) => {
    expect(problemsOf({ workers: [{ name: 'state', config }] })).toEqual([])
  })

  test.each([
    [{ workers: [{ name: 'iii-worker-manager', config: { port: '$PORT' } }] }],
    [{ workers: [{ name: 'iii-worker-manager', config: { port: '${PORT' } }] }],
    [{ workers: [{ name: 'iii-worker-manager', config: { prot: '${PORT}' } }] }],
    [{ workers: [{ name: 'state', config: { adapter: { name: 'kw' } } }] }],
    [{ workers: [{ name: 'x', isolation: 'tread' }] }],
    [{ engine: { gate_ms: 'soon' } }],
  ])('does not make everything right: %j', (value) => {
    expect(problemsOf(value)).not.toEqual([])
  })
})

test('the starter file fits, names the schema beside it, and needs no network for it', () => {
  expect(problemsOf(parse(starterText()))).toEqual([])
  expect(starterText().split('\n')[0]).toBe(`# yaml-language-server: $schema=./${SCHEMA_FILE_NAME}`)
})

test.each(published())('what the documentation shows as a configuration fits: %s', (_place, text) => {
  expect(problemsOf(parse(text))).toEqual([])
})

/** Blocks of YAML in the pages that have entries or settings of the engine. */
function published(): [place: string, text: string][] {
  return pages().flatMap((page) => {
    const text = readFileSync(`${ROOT}/${page}`, 'utf8')
    return [...text.matchAll(/^```yaml.*\n([\s\S]*?)^```$/gm)].flatMap(([, block = ''], index): [string, string][] =>
      /^(workers|modules|engine):/m.test(block) ? [[`${page} ${index}`, block]] : [],
    )
  })
}
