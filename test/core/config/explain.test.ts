import { describe, expect, test } from 'vitest'
import { explainConfig, type ExplainedValue } from '../../../core/config/explain.ts'
import type { PluginSchemas } from '../../../core/config/file-schema.ts'
import { MASK } from '../../../base/values/masking.ts'
import { readText } from './load-text.ts'

function explain(
  text: string,
  env: Record<string, string> = {},
  schemas: PluginSchemas = {},
): Map<string, Omit<ExplainedValue, 'path'>> {
  return new Map(explainConfig(readText(text, { env }), schemas, env).map(({ path, ...rest }) => [path, rest]))
}

describe('explainConfig', () => {
  test('shows what was set at run time in place of the block, but for the members that the block keeps', () => {
    const text = 'workers:\n  - name: hello\n    config:\n      size: 1\n      adapter: { name: kv }\n'
    const schema = { type: 'object', properties: { mood: { default: 'good' } } }
    const value = { size: 2, adapter: { name: 'kv' } }
    const stored = new Map([['hello', { value, ofBlock: ['adapter'], place: 'config/hello.yaml' }]])
    const rows = explainConfig(readText(text), { hello: schema }, {}, stored).filter(({ path }) =>
      path.includes('config.'),
    )
    expect(rows.map(({ path, value: shown, origin }) => [path, shown, origin])).toEqual(
      expect.arrayContaining([
        ['hello.config.size', 2, 'set at run time (config/hello.yaml)'],
        ['hello.config.adapter.name', 'kv', 'iii-config.yaml:5'],
        ['hello.config.mood', 'good', 'default'],
      ]),
    )
  })

  test('tells file, default and what the engine adds apart', () => {
    const rows = explain(
      'engine:\n  gate_ms: 5\nworkers:\n  - name: iii-worker-manager\n    config:\n      host: localhost\n',
    )
    expect(rows.get('engine.gate_ms')).toEqual({ value: 5, source: 'file', origin: 'iii-config.yaml:2' })
    expect(rows.get('engine.drain_ms')).toEqual({ value: 5000, source: 'default', origin: 'default' })
    expect(rows.get('plugins_dir')).toEqual({ value: '/project/plugins', source: 'default', origin: 'default' })
    expect(rows.get('iii-worker-manager.config.host')).toEqual({
      value: 'localhost',
      source: 'file',
      origin: 'iii-config.yaml:6',
    })
    expect(rows.get('iii-worker-manager.config.port')).toEqual({ value: 49134, source: 'default', origin: 'default' })
    expect(rows.get('iii-engine-functions.enabled')).toEqual({
      value: true,
      source: 'injected',
      origin: 'added by the engine',
    })
  })

  test('names the variable that a value comes from, and the one that was not set', () => {
    const rows = explain(
      'workers:\n  - name: iii-worker-manager\n    config: { port: ${PORT:1}, host: "${HOST:localhost}" }\n',
      { PORT: '3111' },
    )
    expect(rows.get('iii-worker-manager.config.port')).toEqual({
      value: 3111,
      source: 'environment',
      origin: 'environment variable PORT (iii-config.yaml:3)',
    })
    expect(rows.get('iii-worker-manager.config.host')).toEqual({
      value: 'localhost',
      source: 'file',
      origin: 'iii-config.yaml:3, default of unset HOST',
    })
    const grace = explain('registration_namespace_grace_ms: 1', { III_NAMESPACE_GRACE_MS: '9' }).get(
      'registration_namespace_grace_ms',
    )
    expect(grace).toEqual({ value: 9, source: 'environment', origin: 'environment variable III_NAMESPACE_GRACE_MS' })
  })

  test('shows the defaults of a plugin whose schema is known, and of others what is written', () => {
    const text = 'workers: [{name: hello, config: {list: [a, {b: 2}], empty: {}}, replicas: 2}]'
    const known = explain(text, {}, { hello: { properties: { greeting: { default: 'Hi' } } } })
    expect(known.get('hello.config.greeting')).toEqual({ value: 'Hi', source: 'default', origin: 'default' })
    expect([...explain(text).keys()].filter((path) => path.startsWith('hello'))).toEqual([
      'hello.enabled',
      'hello.replicas',
      'hello.config.list[0]',
      'hello.config.list[1].b',
      'hello.config.empty',
    ])
  })

  test('keeps instances apart', () => {
    const rows = explain('workers: [{name: iii-worker-manager}, {name: iii-worker-manager, config: {port: 3111}}]')
    expect(rows.get('iii-worker-manager.config.port')?.value).toBe(49134)
    expect(rows.get('iii-worker-manager#1.config.port')?.value).toBe(3111)
  })

  test('masks secrets, also those of the environment and inside URLs', () => {
    const config =
      '{api_token: "${T}", clientSecret: s3, password: p, api_key: k, keys: shown, nested: {TOKENS: [t]}, url: "redis://me:p%40ss@host:1/0"}'
    const rows = explain(`workers: [{name: x, config: ${config}}]`, { T: 'hunter2' })
    const value = (key: string): unknown => rows.get(`x.config.${key}`)?.value
    expect(['api_token', 'clientSecret', 'password', 'api_key', 'nested.TOKENS[0]'].map(value)).toEqual(
      Array(5).fill(MASK),
    )
    expect(value('keys')).toBe('shown')
    expect(value('url')).toBe(`redis://me:${MASK}@host:1/0`)
    expect(JSON.stringify([...rows])).not.toMatch(/hunter2|s3|p%40ss/)
  })
})
