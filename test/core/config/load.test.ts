import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { listenerOf } from '../../../core/config/listener-config.ts'
import { LISTENER_DEFAULTS } from '../../../core/config/listener-schema.ts'
import { loadConfig } from '../../../core/config/load.ts'
import { resolveEntries } from '../../../core/config/resolve-entries.ts'
import { writtenConfig } from '../../../core/config/written-config.ts'
import { starterText } from '../../../bin/starter-file.ts'
import { ENGINE_DEFAULTS } from '../../../core/model/options.ts'
import { ALL_NAMES } from '../../support/worker-names.ts'
import { errorOf, FILE, KNOWN, loadText } from './load-text.ts'

describe('the whole', () => {
  test('an empty file gives the defaults and the mandatory workers', () => {
    expect(loadText('')).toEqual({
      file: FILE,
      projectRoot: '/project',
      pluginsDir: '/project/plugins',
      engine: ENGINE_DEFAULTS,
      registrationNamespaceGraceMs: 5000,
      entries: [
        expect.objectContaining({ name: 'iii-worker-manager' }),
        expect.objectContaining({ name: 'iii-engine-functions' }),
      ],
      warnings: [
        expect.stringContaining('iii-config.yaml:1: the file is empty: a start runs no worker of it, a running'),
      ],
    })
  })

  test.each(['# nothing runs\n', 'workers: []\n', '\n', '${NONE:}'])('%j is not empty', (text) => {
    expect(loadText(text).warnings).toEqual([])
  })

  test('is frozen throughout', () => {
    const config = loadText('workers: [{name: x, config: {a: {b: 1}}}]')
    expect(() => Object.assign(config.entries[0]?.config['a'] as object, { b: 2 })).toThrow(TypeError)
  })

  test.each([
    ['plugins_dir: mine', '/project/mine'],
    ['plugins_dir: ../mine', '/mine'],
    ['plugins_dir: /abs', '/abs'],
  ])('%s is relative to the folder of the file', (text, expected) => {
    expect(loadText(text).pluginsDir).toBe(expected)
  })

  test.each(['plugins_dir:', 'plugins_dir: ""', 'plugins_dir: [a]'])('%o is refused', (text) => {
    expect(errorOf(text).message).toContain(`${FILE}:1: plugins_dir must be a path`)
  })
})

describe('top-level keys', () => {
  test('an unknown one is a warning with a suggestion, and an error when strict', () => {
    expect(loadText('a: 1\nworker: []\n').warnings).toEqual([
      "iii-config.yaml:1: unknown top-level key 'a' is ignored.",
      "iii-config.yaml:2: unknown top-level key 'worker' is ignored. Did you mean 'workers'?",
    ])
    expect(errorOf('\nfoo: 1\n', { strict: true }).message).toBe(`${FILE}:2: unknown top-level key 'foo' is ignored.`)
  })

  test('those that iii writes are accepted without a word, even when strict', () => {
    expect(loadText('port: 1\nrootfs: x\nversion: 2\n', { strict: true }).warnings).toEqual([])
  })
})

describe('engine options', () => {
  test('fill up with defaults', () => {
    expect(loadText('engine: {gate_ms: 7, duplicate_functions: reject}').engine).toEqual({
      ...ENGINE_DEFAULTS,
      gate_ms: 7,
      duplicate_functions: 'reject',
    })
    expect(loadText('engine:\n').engine).toEqual(ENGINE_DEFAULTS)
  })

  test.each([
    ['engine: {gate: 1}', "engine.gate: unknown key 'gate'"],
    ['engine: [1]', 'engine: must be object, got [1]'],
    [
      'engine: {duplicate_functions: share}',
      'engine.duplicate_functions: must be one of "load_balance", "replace", "reject", got "share"',
    ],
    ['engine: {gate_ms: 0}', 'engine.gate_ms: must be >= 1, got 0'],
    ['engine: {stop_ms: 2147483648}', 'engine.stop_ms: must be <= 2147483647'],
    ['engine: {crash_budget: }', 'engine.crash_budget: must be integer, got null'],
  ])('%s is refused', (text, message) => {
    expect(errorOf(text).message).toContain(`${FILE}:1: ${message}`)
  })

  test.each([
    ['engine: {gate_ms: .nan}', 'NaN'],
    ['engine: {gate_ms: .inf}', 'Infinity'],
    ['engine: {health: {port: -.inf}}', '-Infinity'],
    ['engine: [.nan, 1]', '["NaN",1]'],
    ['registration_namespace_grace_ms: .nan', 'NaN'],
    ['plugins_dir: .inf', 'Infinity'],
    ['workers: .nan', 'NaN'],
    ['workers: [.nan]', 'NaN'],
    ['.nan', 'number NaN'],
  ])('%s is refused, and the number shown', (text, shown) => {
    const [line] = errorOf(text).message.split('\n')
    expect(line?.endsWith(`, got ${shown}`), line).toBe(true)
  })

  test('every default of the engine is the default of its schema', () => {
    for (const key of Object.keys(ENGINE_DEFAULTS)) {
      const other = Object.keys(ENGINE_DEFAULTS).find((name) => name !== key) as keyof typeof ENGINE_DEFAULTS
      expect(loadText(`engine: {${other}: ${ENGINE_DEFAULTS[other]}}`).engine).toHaveProperty(
        key,
        ENGINE_DEFAULTS[key as typeof other],
      )
    }
  })
})

describe('registration_namespace_grace_ms', () => {
  const text = 'registration_namespace_grace_ms: 250'

  test('comes from the file, and the environment wins', () => {
    expect(loadText(text).registrationNamespaceGraceMs).toBe(250)
    expect(loadText(text, { env: { III_NAMESPACE_GRACE_MS: '0' } }).registrationNamespaceGraceMs).toBe(0)
    expect(loadText(text, { env: { III_NAMESPACE_GRACE_MS: '' } }).registrationNamespaceGraceMs).toBe(250)
  })

  test.each(['-1', '1.5', '"5"', ''])('refuses %o', (value) => {
    expect(errorOf(`registration_namespace_grace_ms: ${value}`).message).toContain(
      'must be a whole number of milliseconds',
    )
    if (value !== '')
      expect(errorOf(text, { env: { III_NAMESPACE_GRACE_MS: value } }).message).toContain('III_NAMESPACE_GRACE_MS')
  })
})

describe('files', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'iii-load-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const load = (options: object = {}) =>
    loadConfig({ cwd: folder, env: {}, engineVersion: '1.2.3', names: KNOWN, ...options })

  test('a file elsewhere has its own folder as project root', () => {
    mkdirSync(join(folder, 'proj'))
    writeFileSync(join(folder, 'proj', 'iii-config.yaml'), 'workers: []\n')
    expect(load({ configPath: 'proj/iii-config.yaml' })).toMatchObject({
      file: join(folder, 'proj/iii-config.yaml'),
      projectRoot: join(folder, 'proj'),
    })
  })

  test('without a file there is an error and none is created', () => {
    expect(() => load()).toThrow(`Config file not found: '${join(folder, 'iii-config.yaml')}'.`)
    expect(() => load()).toThrow('Config file not found')
  })

  test('loading never writes into the file', () => {
    const text = '# mine\r\nworkers:\r\n  - class: modules::state::StateModule # here\r\n'
    writeFileSync(join(folder, 'config.yaml'), text)
    load()
    expect(readFileSync(join(folder, 'config.yaml'), 'utf8')).toBe(text)
  })

  test('the starter file loads without a warning, even when strict, and is what runs without a file', () => {
    writeFileSync(join(folder, 'iii-config.yaml'), starterText())
    const written = load({ strict: true, names: ALL_NAMES })
    const embedded = load({ useDefaultConfig: true, names: ALL_NAMES })
    expect(written.warnings).toEqual([])
    expect(embedded).toMatchObject({
      file: null,
      projectRoot: folder,
      pluginsDir: join(folder, 'plugins'),
      warnings: [],
    })
    expect(written.entries.map(({ instanceId }) => instanceId)).toEqual(
      embedded.entries.map(({ instanceId }) => instanceId),
    )
    expect(written.engine).toEqual(embedded.engine)
    expect(written.pluginsDir).toBe(embedded.pluginsDir)
    const [listener] = resolveEntries(written, { names: ALL_NAMES, userPlugins: [] }).listeners
    expect(listener && listenerOf(listener)).toMatchObject(LISTENER_DEFAULTS)
    expect(written.entries[1]?.config).toEqual({
      adapter: { name: 'kv', config: { store_method: 'file_based', file_path: './data/state_store.db' } },
    })
  })
})

describe('placeholders', () => {
  test('of a shell are warned about with line and right form; with --strict-config they are problems', () => {
    const text = 'workers: []\nplugins_dir: ${DIR:-./mine} # ${NOT:-this}\n'
    const message = '${DIR:-./mine} gives "-./mine" where DIR is not set: the form is ${DIR:./mine}, without \'-\''
    expect(loadText(text).warnings).toContain(`iii-config.yaml:2: ${message}`)
    expect(loadText(text, { env: { DIR: 'x' } }).warnings).toContain(`iii-config.yaml:2: ${message}`)
    expect(errorOf(text, { strict: true }).message).toContain(`${FILE}:2: ${message}`)
  })

  test('without a colon before the default are told the right form', () => {
    expect(errorOf('plugins_dir: ${DIR-./mine}\n').remedy).toBe(
      "${DIR-./mine} takes a variable of the name 'DIR-./mine': the form is ${DIR:./mine}.",
    )
  })

  test('that stand alone are texts where a text is taken, whatever they look like', () => {
    const text = [
      'plugins_dir: ${YEAR}',
      'workers:',
      '  - name: iii-worker-manager',
      '    config: { host: ${HOST}, port: ${PORT} }',
      '  - name: hello',
      '    worker_path: ${YEAR}',
      '    allow: ["${YEAR}", ${YEAR}]',
      '    config:',
      '      pin: ${PIN}',
      '      port: ${PORT}',
      '      quoted: "${PIN}"',
      '      partly: v${PIN}',
      '      empty: ${EMPTY}',
      '      list: [${PIN}]',
      '',
    ].join('\n')
    const env = { YEAR: '2024', HOST: '127', PORT: '0', PIN: '01234', EMPTY: '' }
    const config = loadText(text, { env })
    expect(config.pluginsDir).toBe('/project/2024')
    const [listener, hello] = config.entries
    expect(listener?.config).toEqual({ host: '127', port: 0 })
    expect(hello).toMatchObject({ workerPath: '2024', allow: ['2024', '2024'] })
    // Only the plugin's schema can tell what it takes.
    expect(hello?.config).toMatchObject({ pin: 1234, port: 0, empty: null, list: [1234] })
    const schema = {
      type: 'object',
      properties: {
        pin: { type: 'string' },
        port: { type: 'integer' },
        empty: { type: 'string' },
        list: { type: 'array', items: { type: 'string' } },
      },
    }
    expect(writtenConfig(hello!, schema)).toEqual({
      pin: '01234',
      port: 0,
      quoted: '01234',
      partly: 'v01234',
      empty: '',
      list: ['01234'],
    })
  })
})
