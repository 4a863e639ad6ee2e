import { describe, expect, test } from 'vitest'
import { resolveEntries, type ResolveOptions } from '../../../core/config/resolve-entries.ts'
import { namesWith } from '../../support/worker-names.ts'
import { FILE, KNOWN, loadText } from './load-text.ts'

const resolve = (text: string, options: Partial<ResolveOptions> = {}) =>
  resolveEntries(loadText(text), { names: KNOWN, userPlugins: [], ...options })

describe('resolveEntries', () => {
  test('parts listeners, plugins and the rest', () => {
    const { listeners, plugins, skipped, warnings } = resolve(
      'workers: [{name: state}, {name: hello, enabled: false}]',
      { userPlugins: ['hello'] },
    )
    expect(listeners.map(({ name }) => name)).toEqual(['iii-worker-manager'])
    expect(plugins.map(({ entry, from, replaces }) => [entry.name, from, replaces])).toEqual([
      ['iii-state', 'built-in', false],
      ['hello', 'plugins_dir', false],
    ])
    expect(skipped.map(({ name }) => name)).toEqual(['iii-engine-functions'])
    expect(warnings).toEqual([])
  })

  test.each([
    'iii-http',
    'iii-cron',
    'iii-queue',
    'iii-pubsub',
    'iii-stream',
    'iii-bridge',
    'iii-exec',
    'iii-sandbox',
    'iii-observability',
    'iii-telemetry',
    'iii-http-functions',
    'iii-directory',
    'iii-worker-ops',
    'configuration',
    'http',
    'modules::shell::ExecModule',
  ])('%s is known and not part of this version', (name) => {
    const text = `workers:\n  - name: ${name}\n`
    const message = `Worker '${name}' is not part of this version`
    expect(resolve(text).warnings).toEqual([`iii-config.yaml:2: ${message}; skipped`])
    expect(() => resolve(text, { strict: true })).toThrow(`${FILE}:2: ${message}`)
  })

  test.each([
    ['htpp', "It looks like 'http', which is not part of this version."],
    ['crn', "Did you mean 'cron'?"],
  ])('%s, which is not known, is told with the name that was meant, and whether this version has it', (name, told) => {
    const { warnings } = resolve(`workers: [{name: ${name}}]`, { names: namesWith('iii-cron') })
    expect(warnings).toEqual([expect.stringContaining(`Unknown worker '${name}'; skipped. ${told} A plugin of`)])
  })

  test('runs those as soon as there is a plugin of the name', () => {
    expect(resolve('workers: [{name: iii-http}]', { names: namesWith('iii-http') }).plugins).toMatchObject([
      { from: 'built-in' },
    ])
    expect(resolve('workers: [{name: http}]', { userPlugins: ['iii-http'] }).plugins).toMatchObject([
      { from: 'plugins_dir', replaces: false },
    ])
  })

  test('a user plugin of the name of a built-in replaces it', () => {
    expect(resolve('workers: [{name: state}]', { userPlugins: ['iii-state'] }).plugins).toMatchObject([
      { entry: { name: 'iii-state', instanceId: 'iii-state' }, from: 'plugins_dir', replaces: true },
    ])
  })

  test('a user plugin named like an alias is found under its own name', () => {
    expect(resolve('workers: [{name: cron}]', { userPlugins: ['cron'] }).plugins).toMatchObject([
      { entry: { name: 'cron', instanceId: 'cron' }, from: 'plugins_dir', replaces: false },
    ])
  })

  test('that it is not the built-in worker is said', () => {
    const warnings = (workers: string): readonly string[] =>
      resolve(`workers: [${workers}]`, { userPlugins: ['state'] }).warnings
    expect(warnings('{name: state}')).toEqual([
      expect.stringMatching(/^iii-config\.yaml:1: 'state' is a plugin in .*, not the built-in worker iii-state\. /),
    ])
    expect(warnings('{name: iii-state}')).toEqual([])
    expect(warnings('{name: state, enabled: false}')).toEqual([])
  })

  test('no plugin takes the place of the engine itself', () => {
    const { listeners, plugins } = resolve('', { userPlugins: ['iii-worker-manager', 'iii-engine-functions'] })
    expect([listeners.length, plugins.length]).toEqual([1, 0])
  })

  test('an unknown name is skipped with a suggestion', () => {
    expect(resolve('workers: [{name: iii-stat}]').warnings).toEqual([
      expect.stringMatching(
        /^iii-config\.yaml:1: Unknown worker 'iii-stat'; skipped\. Did you mean 'iii-state'\? .*\/project\/plugins, which does not exist; 'iii worker add iii-stat' installs a worker of a registry$/,
      ),
    ])
    expect(resolve('workers: [{name: helo}]', { userPlugins: ['hello'] }).warnings[0]).toContain(
      "Did you mean 'hello'?",
    )
    expect(resolve('workers: [{name: zzzzzzzz}]').warnings[0]).not.toContain('Did you mean')
    expect(resolve("modules: [{class: 'modules::state::StateModul'}]").warnings[0]).toContain(
      "Did you mean 'modules::state::StateModule'?",
    )
    expect(resolve("modules: [{class: 'modules::oven::OvenModule'}]").warnings[0]).not.toContain('Did you mean')
  })

  test('when strict, all of them are named at once', () => {
    const failing = (): unknown => resolve('workers:\n  - name: a-b\n  - name: c-d\n', { strict: true })
    expect(failing).toThrow(`${FILE}:2: Unknown worker 'a-b'. `)
    expect(failing).toThrow(`${FILE}:3: Unknown worker 'c-d'. `)
    expect(failing).not.toThrow('skipped')
  })

  test('a second entry of a name that nothing is known of is refused, and both lines are named', () => {
    expect(() => resolve('workers:\n  - name: mine\n  - name: mine\n')).toThrow(
      `${FILE}:3: duplicate instance of 'mine' is not supported: the first is at iii-config.yaml:2`,
    )
  })

  test('a second entry of a plugin in plugins_dir is left to its definition', () => {
    const { plugins } = resolve('workers: [{name: mine}, {name: mine}]', { userPlugins: ['mine'] })
    expect(plugins.map(({ entry }) => entry.instanceId)).toEqual(['mine', 'mine#1'])
  })

  test('a local worker of iii is skipped, and it says that it can be started by hand', () => {
    expect(resolve('workers: [{name: w, worker_path: ./w}]').warnings).toEqual([
      expect.stringContaining("Worker 'w' (worker_path ./w) is not started; skipped"),
    ])
  })
})
