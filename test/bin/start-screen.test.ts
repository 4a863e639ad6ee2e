import path from 'node:path'
import picocolors from 'picocolors'
import { expect, it } from 'vitest'
import { BUILT_INS } from '../../plugins/built-ins.ts'
import { runCli } from './run-cli.ts'
import { startScreen } from '../../bin/start-screen.ts'
import { terminalOf, type Terminal } from '../../bin/terminal.ts'
import type { EngineStatus, PluginStatus } from '../../core/engine-status.ts'

const plain: Terminal = { isTTY: false, columns: Number.POSITIVE_INFINITY, paint: picocolors.createColors(false) }
const colourful: Terminal = { isTTY: true, columns: 80, paint: picocolors.createColors(true) }

const state: PluginStatus = {
  name: 'iii-state',
  origin: 'built-in',
  state: 'running',
  isolation: 'thread',
  load_ms: 12.4,
}
const status: EngineStatus = {
  version: '1.2.3',
  state: 'running',
  configFile: path.join(process.cwd(), 'iii-config.yaml'),
  projectRoot: process.cwd(),
  startMs: 210.7,
  listeners: [{ url: 'ws://127.0.0.1:49134', rbac: false }],
  plugins: [state],
  warnings: [],
  abandoned: [],
}

it('shows version, file, listeners, plugins and what to try next as plain lines', () => {
  expect(startScreen(status, plain)).toBe(
    [
      'iii-host 1.2.3 started in 211 ms',
      'Configuration iii-config.yaml',
      'Listening:',
      '  ws://127.0.0.1:49134',
      'Plugins:',
      '  iii-state  running  thread  12 ms  built-in',
      'Try next:',
      '  iii functions list    what can be called',
      '  iii trigger state::set scope=demo key=greeting value=hello',
      '  iii plugin new hello    a first plugin',
      '',
    ].join('\n'),
  )
})

it('shows where it can be asked for its health', () => {
  const text = startScreen({ ...status, healthUrl: 'http://127.0.0.1:3113/health' }, plain)
  expect(text).toContain('  ws://127.0.0.1:49134\n  http://127.0.0.1:3113/health  health\n')
})

it('shows what plugins listen on, and which do not run with the settings of the file', () => {
  const stream: PluginStatus = {
    ...state,
    name: 'iii-stream',
    addresses: ['ws://127.0.0.1:3112'],
    settings: 'stored',
  }
  const text = startScreen({ ...status, plugins: [state, stream] }, plain)
  expect(text).toContain('Listening:\n  ws://127.0.0.1:49134\n  ws://127.0.0.1:3112  iii-stream\n')
  expect(text).toMatch(/iii-state +running +thread +12 ms +built-in\n/)
  expect(text).toMatch(/iii-stream +running +thread +12 ms +built-in, settings set at run time\n/)
})

it('gives the lines that enable what is not enabled, and shortens a long list', () => {
  const available = Array.from({ length: 7 }, (_, index) => ({
    ...state,
    name: `extra-${index}`,
    state: 'available',
    origin: `plugins/extra-${index}.ts`,
  }))
  const text = startScreen({ ...status, plugins: [state, ...available] }, plain)
  expect(text).toContain('7 plugins are found without an entry. To run, add to iii-config.yaml under workers:')
  expect(text).toContain('- name: extra-4    # plugins/extra-4.ts')
  expect(text).not.toContain('extra-5')
  expect(text).toContain('… and 2 more')
})

it('says what is wrong: failed and stale plugins with their error, then warnings', () => {
  const broken: PluginStatus = {
    ...state,
    name: 'hello',
    origin: 'plugins/hello.ts',
    state: 'failed',
    error: 'plugins/hello.ts:3:7: Unexpected "}"\n  3 | }',
  }
  const text = startScreen({ ...status, plugins: [broken, state], warnings: ["Unknown worker 'x'; skipped"] }, plain)
  expect(text).toContain(
    'What is wrong:\n  - hello (plugins/hello.ts): plugins/hello.ts:3:7: Unexpected "}"\n      3 | }\n',
  )
  expect(text).toContain("  - Unknown worker 'x'; skipped\n")
  expect(text).toContain('iii plugins info hello')
})

it('shows a plugin whose code could not be read without isolation and load time', () => {
  const unread: PluginStatus = { ...state, name: 'x', state: 'failed', isolation: null, load_ms: null, error: 'e' }
  expect(startScreen({ ...status, plugins: [unread] }, plain)).toMatch(/x +failed +- +- +built-in/)
})

it('has no block of problems when nothing is wrong', () => {
  expect(startScreen(status, plain)).not.toContain('wrong')
})

it('marks a plugin that replaces a built-in', () => {
  const mine: PluginStatus = { ...state, origin: 'plugins/iii-state.ts', replaces: true }
  expect(startScreen({ ...status, plugins: [mine] }, plain)).toContain(
    'plugins/iii-state.ts (replaces the built-in iii-state)',
  )
})

it('says that there is no file, and how to reach another port', () => {
  const text = startScreen(
    { ...status, configFile: null, listeners: [{ url: 'ws://127.0.0.1:5000', rbac: false }] },
    plain,
  )
  expect(text).toContain('No configuration file')
  expect(text).toContain('iii functions list --address ws://127.0.0.1:5000')
})

it('suggests no call where every listener asks for credentials', () => {
  const text = startScreen({ ...status, listeners: [{ url: 'ws://127.0.0.1:3111', rbac: true }] }, plain)
  expect(text).toContain('ws://127.0.0.1:3111  sessions under rbac')
  expect(text).not.toContain('iii trigger')
})

it('uses colours on a terminal only', () => {
  expect(startScreen(status, colourful)).toContain('\u001b[')
  expect(startScreen(status, plain)).not.toContain('\u001b')
  const terminal = { isTTY: true, columns: 80 } as NodeJS.WriteStream
  const pipe = { isTTY: false } as NodeJS.WriteStream
  expect(terminalOf(terminal, {}).paint.isColorSupported).toBe(true)
  expect(terminalOf(terminal, { NO_COLOR: '1' }).paint.isColorSupported).toBe(false)
  expect(terminalOf(terminal, { TERM: 'dumb' }).paint.isColorSupported).toBe(false)
  expect(terminalOf(pipe, { FORCE_COLOR: '1' }).paint.isColorSupported).toBe(false)
})

it('names the configuration in the command that would not find the project from here', () => {
  const other = path.join(process.cwd(), 'mine', 'iii-config.yaml')
  const named = path.join(process.cwd(), 'my.yaml')
  expect(startScreen({ ...status, configFile: other }, plain)).toContain(
    `iii plugin new hello --config ${path.join('mine', 'iii-config.yaml')} `,
  )
  expect(startScreen({ ...status, configFile: named }, plain)).toContain('iii plugin new hello --config my.yaml ')
})

const tried = BUILT_INS.flatMap(({ about }) => about.tryNext ?? [])
it.each(tried)('what is shown to be tried next can be typed with an address: iii %s', async (line) => {
  const { code } = await runCli([...line.split(' '), '--address', 'ws://127.0.0.1:1'])
  expect(code).toBe(1)
})
