// Two parts of one configuration that are to listen on one address are refused before anything starts.
import { expect, test } from 'vitest'
import { resolveEntries } from '../../../core/config/resolve-entries.ts'
import { BUILT_INS } from '../../../plugins/built-ins.ts'
import { validateAgainstSchema } from '../../../base/values/schema-validation.ts'
import { ALL_NAMES } from '../../support/worker-names.ts'
import { FILE, loadText } from './load-text.ts'

const resolve = (text: string, userPlugins: readonly string[] = []): unknown =>
  resolveEntries(loadText(text, { known: ALL_NAMES }), { names: ALL_NAMES, userPlugins })
const entries = (...items: readonly string[]): string =>
  ['workers:', ...items.map((item) => `  - ${item}`), ''].join('\n')
const listener = (config: string): string => `{name: iii-worker-manager, config: ${config}}`

test.each([
  [
    [listener('{}'), listener('{port: 49134}')],
    "3: worker 'iii-worker-manager': address 127.0.0.1:49134",
    "'iii-worker-manager' at iii-config.yaml:2",
  ],
  [
    [listener('{port: 1}'), listener('{port: 1, host: 0.0.0.0}')],
    "3: worker 'iii-worker-manager': address 0.0.0.0:1",
    "'iii-worker-manager' at iii-config.yaml:2",
  ],
  [
    [listener('{port: 1, host: "::"}'), listener('{port: 1, host: "::1"}')],
    "3: worker 'iii-worker-manager': address [::1]:1",
    "'iii-worker-manager' at iii-config.yaml:2",
  ],
  [
    ['{name: stream}', listener('{port: 3112}')],
    "2: worker 'stream': address 127.0.0.1:3112",
    "'iii-worker-manager' at iii-config.yaml:3",
  ],
  [
    ['{name: stream, config: {port: 49134}}'],
    "2: worker 'stream': address 127.0.0.1:49134",
    "'iii-worker-manager' at (default)",
  ],
])('%j', (items, second, first) => {
  expect(() => resolve(entries(...items))).toThrow(`${FILE}:${second} is already in use by ${first}`)
})

test('the port of engine.health counts as well', () => {
  const text = `engine: {health: {port: 3112}}\n${entries('{name: iii-stream}')}`
  expect(() => resolve(text)).toThrow(
    "worker 'iii-stream': address 127.0.0.1:3112 is already in use by 'engine.health'",
  )
})

test.each([
  ['free ports', [listener('{port: 0}'), listener('{port: 0}')]],
  ['other hosts', [listener('{}'), listener('{host: "::1"}')]],
  ['a disabled entry', [listener('{port: 3112}'), '{name: stream, enabled: false}']],
  ['what its schema is going to refuse', [listener('{port: 3112}'), '{name: stream, config: {port: many}}']],
])('%s are fine', (_what, items) => {
  expect(() => resolve(entries(...items))).not.toThrow()
})

test('of a plugin in the place of a built-in nothing is known', () => {
  expect(() => resolve(entries(listener('{port: 3112}'), '{name: iii-stream}'), ['iii-stream'])).not.toThrow()
})

test('what a built-in says of its address is what its schema says', async () => {
  const listening = BUILT_INS.filter(({ about }) => about.listens !== undefined)
  expect(listening.length).toBeGreaterThan(0)
  for (const { about } of listening) {
    const { host, port, defaults } = about.listens!
    const result = validateAgainstSchema<Record<string, unknown>>((await about.config?.()) ?? {}, {})
    expect(result).toMatchObject({ value: { [host]: defaults.host, [port]: defaults.port } })
  }
})
