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
  ['127.0.0.1', 'localhost'],
  ['::1', 'localhost'],
  ['127.0.0.1', 'LocalHost'],
  ['127.0.0.1', '127.1'],
  ['::1', '0:0:0:0:0:0:0:1'],
  ['127.0.0.1', '::ffff:127.0.0.1'],
  ['localhost', '::ffff:127.0.0.1'],
  ['192.168.0.1', '::ffff:c0a8:1'],
  ['127.0.0.1', '0.0.0.0'],
  ['localhost', '::'],
  ['10.0.0.1', '0:0::0'],
  ['::1', '0'],
  ['example.com', 'EXAMPLE.com'],
])('%s and %s have one port for both', (...hosts) => {
  for (const [first, second] of [hosts, hosts.toReversed()]) {
    const [a, b] = [`{port: 1, host: "${first}"}`, `{port: 1, host: "${second}"}`]
    expect(() => resolve(entries(listener(a), listener(b)))).toThrow(
      `:1 is already in use by 'iii-worker-manager' at iii-config.yaml:2`,
    )
    const health = `engine: {health: ${a}}\n`
    expect(() => resolve(health + entries(listener(b)))).toThrow(`:1 is already in use by 'engine.health'`)
  }
})

test('who writes localhost is told what it may be', () => {
  const [a, b] = ['{port: 1, host: "::1"}', '{port: 1, host: localhost}']
  expect(() => resolve(entries(listener(a), listener(b)))).toThrow(
    expect.objectContaining({ remedy: expect.stringContaining("'localhost', which may be 127.0.0.1 or ::1") }),
  )
})

test.each([
  ['127.0.0.1', '::1'],
  ['127.0.0.1', '127.0.0.2'],
  ['localhost', '127.0.0.2'],
  ['localhost', '10.0.0.1'],
  ['localhost', 'example.com'],
  ['::ffff:127.0.0.2', '127.0.0.1'],
  ['not a host', 'example.com'],
])('%s and %s have a port each', (first, second) => {
  const [a, b] = [`{port: 1, host: "${first}"}`, `{port: 1, host: "${second}"}`]
  expect(() => resolve(entries(listener(a), listener(b)))).not.toThrow()
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
