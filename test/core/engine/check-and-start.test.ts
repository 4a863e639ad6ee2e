// `iii config check` refuses what a start refuses, in the same words and at the same line.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ConfigError } from '../../../core/config/config-error.ts'
import { runHere } from '../../bin/run-here.ts'
import { EngineFolder, LISTENER, pluginFile } from './running-engine.ts'

const SIZED = `config: { type: 'object', properties: { size: { type: 'number' }, in: { type: 'object', properties: { at: { type: 'string' } }, additionalProperties: false } }, additionalProperties: false },`
const PLUGINS: Readonly<Record<string, string>> = {
  sized: pluginFile('sized', '', SIZED),
  plain: pluginFile('plain', ''),
  needs: pluginFile('needs', '', `requires: ['nowhere'],`),
  misnamed: pluginFile('other', ''),
  broken: 'export default {\n  name: "broken" oops\n}\n',
}

interface Case {
  readonly text: string
  readonly strict?: boolean
  /** `LINE: MESSAGE`; without a line what concerns the whole entry. */
  readonly told: readonly string[]
}

const listener = (config: string): string => `  - name: iii-worker-manager\n    config: ${config}\n`
const workers = (text: string, port = 0): string => `workers:\n${listener(`{ port: ${port} }`)}${text}`

const CASES: Readonly<Record<string, Case>> = {
  'two listeners on one port': {
    text: workers(listener('{ port: 49135, host: 0.0.0.0 }'), 49135),
    told: [
      "5: worker 'iii-worker-manager': address 0.0.0.0:49135 is already in use by 'iii-worker-manager' at iii-config.yaml:2",
    ],
  },
  'a listener and a built-in on one port': {
    text: workers('  - name: iii-stream\n    config:\n      port: 49135\n', 49135),
    told: [
      "6: worker 'iii-stream': address 127.0.0.1:49135 is already in use by 'iii-worker-manager' at iii-config.yaml:2",
    ],
  },
  'a listener and the default port of a built-in': {
    text: workers('  - name: stream\n', 3112),
    told: ["4: worker 'stream': address 127.0.0.1:3112 is already in use by 'iii-worker-manager' at iii-config.yaml:2"],
  },
  'a listener and the port of engine.health': {
    text: `engine: { health: { port: 49135 } }\n${workers('', 49135)}`,
    told: ["4: worker 'iii-worker-manager': address 127.0.0.1:49135 is already in use by 'engine.health'"],
  },
  'a listener whose rbac nobody enforces': {
    text: workers(
      listener('\n      port: 0\n      rbac: { auth_function_id: a::b }') + '  - { name: rbac, enabled: false }\n',
    ),
    told: ["7: worker 'iii-worker-manager': port 0 has an 'rbac' block, but no plugin holds the seat 'session-policy'"],
  },
  'plugins_dir that is a file': {
    text: `${workers('')}plugins_dir: ./iii-config.yaml\n`,
    told: ["4: plugins_dir must be a folder, and './iii-config.yaml' is none"],
  },
  'replicas without overlap': {
    text: workers('  - name: plain\n    replicas: 2\n'),
    told: ["5: 'replicas: 2' needs a plugin that declares 'overlap: true'; 'plain' does not"],
  },
  'permissions in a thread that the entry asks for': {
    text: workers('  - name: plain\n    isolation: thread\n    permissions: {}\n'),
    told: ["6: worker 'plain': permissions need 'isolation: process', got 'thread': a thread can't be held to them"],
  },
  'permissions in the thread that the plugin gets': {
    text: workers('  - name: plain\n    permissions: {}\n'),
    told: ["5: worker 'plain': permissions need 'isolation: process', got 'thread': a thread can't be held to them"],
  },
  "unknown keys of a user plugin's config": {
    text: workers('  - name: sized\n    config:\n      size: 1\n      sise: 1\n      in:\n        att: x\n'),
    told: [
      "7: worker 'sized': config.sise: unknown key 'sise'. Did you mean 'size'? Known keys: size, in.",
      "9: worker 'sized': config.in.att: unknown key 'att'. Did you mean 'at'? Known keys: at.",
    ],
  },
  "a value of a user plugin's config": {
    text: workers('  - name: sized\n    config: { size: big }\n'),
    told: [`5: worker 'sized': config.size: must be number, got "big"`],
  },
  'settings of a plugin that takes none': {
    text: workers('  - name: plain\n    config:\n      size: 1\n'),
    told: ["6: worker 'plain': config.size: unknown key 'size'."],
  },
  "a value of a built-in's config": {
    text: workers(
      '  - name: state\n    config:\n      max_value_bytes: many\n  - name: cron\n    config: { zone: 1 }\n',
    ),
    told: [
      `6: worker 'state': config.max_value_bytes: must be integer or null, got "many"`,
      "8: worker 'cron': config.zone: unknown key 'zone'.",
    ],
  },
  'a listener': {
    text: workers(listener('\n      port: 0\n      hots: x')),
    told: ["7: worker 'iii-worker-manager': config.hots: unknown key 'hots'. Did you mean 'host'?"],
  },
  'an unknown key of an entry': {
    text: workers('  - name: plain\n    isolatoin: thread\n'),
    told: ["5: worker 'plain': unknown key 'isolatoin'. Did you mean 'isolation'?"],
  },
  'the engine block': {
    text: `engine:\n  gate_ms: 0\n${workers('')}`,
    told: ['2: engine.gate_ms: must be >= 1, got 0'],
  },
  'a plugin that is required and not there': {
    text: workers('  - name: needs\n'),
    told: ["'needs' requires the plugin 'nowhere', which has no entry in the configuration or is disabled"],
  },
  'a plugin of another name': {
    text: workers('  - name: misnamed\n'),
    told: ["is named 'misnamed' by its file but 'other' in definePlugin; make them equal"],
  },
  'a plugin that does not build': {
    text: workers('  - name: broken\n'),
    told: ['plugins/broken.ts:2:18: '],
  },
  'a second entry of a plugin that does not repeat': {
    text: workers('  - name: plain\n  - name: plain\n'),
    told: [
      "the plugin 'plain' has two entries (iii-config.yaml:4 and iii-config.yaml:5), but does not run more than once",
    ],
  },
  'a local worker without a folder': {
    text: workers('  - name: gone\n    worker_path: ./gone\n'),
    told: ["4: worker_path: there is no folder './gone'"],
  },
  'an unknown worker, strictly': {
    text: workers('  - name: plian\n'),
    strict: true,
    told: ["4: Unknown worker 'plian'. Did you mean 'plain'?"],
  },
  'a placeholder of a shell, strictly': {
    text: workers('  - name: sized\n    config: { size: "${III_TEST_NONE:-5}" }\n'),
    strict: true,
    told: ['5: ${III_TEST_NONE:-5} gives "-5" where III_TEST_NONE is not set: the form is ${III_TEST_NONE:5}'],
  },
}

test.each(Object.entries(CASES))('%s', async (_what, { text, strict = false, told }) => {
  const folder = new EngineFolder()
  for (const [name, plugin] of Object.entries(PLUGINS)) folder.write(`plugins/${name}.ts`, plugin)
  folder.write('iii-config.yaml', text)
  const short = (message: string): string => message.replaceAll(`${folder.dir}/`, './').replaceAll('././', './')
  const args = [
    'config',
    'check',
    '--config',
    join(folder.dir, 'iii-config.yaml'),
    ...(strict ? ['--strict-config'] : []),
  ]
  const { code, stdout, stderr } = await runHere(args)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  const checked = short(stderr)
  const started = short(await refusalOfStart(folder, strict))
  for (const each of told) {
    const message = each.replace(/^(\d+): /, 'iii-config.yaml:$1: ')
    expect(checked).toContain(message)
    expect(started).toContain(message)
  }
})

/** What keeps the engine from starting, else what its plugins fail of. */
async function refusalOfStart(folder: EngineFolder, strictConfig: boolean): Promise<string> {
  try {
    const engine = await folder.start({ strictConfig, watch: false })
    return engine
      .status()
      .plugins.map(({ error = '' }) => error)
      .join('\n')
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    if (error instanceof Error && error.name === 'StartError') return error.message
    throw error
  }
}

test('what is fine passes both', async () => {
  const folder = new EngineFolder()
  folder.write('plugins/sized.ts', PLUGINS['sized'] ?? '')
  folder.configure(LISTENER, '{ name: sized, config: { size: 1 } }')
  const { code, stdout } = await runHere(['config', 'check', '--config', join(folder.dir, 'iii-config.yaml')])
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('no errors') })
  const engine = await folder.start({ watch: false })
  expect(engine.status().plugins.find(({ name }) => name === 'sized')).toMatchObject({ state: 'running' })
})
