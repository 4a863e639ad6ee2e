import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runCli, type CliResult } from './run-cli.ts'
import { runHere } from './run-here.ts'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iii-config-'))
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

const write = (text: string, name = 'iii-config.yaml'): void => writeFileSync(join(cwd, name), text)
const iiiConfig = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CliResult> =>
  runCli(['config', ...args], { cwd, env })

const HELLO = `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'hello', start() {} })
`

describe('iii config check', () => {
  test('says what is fine and warns of what is odd', async () => {
    mkdirSync(join(cwd, 'plugins'))
    write(HELLO, join('plugins', 'hello.ts'))
    const text = 'workers:\n  - name: state\n  - name: hello\n  - name: iii-sandbox\n  - name: helo\n'
    write(text)
    const { code, stdout, stderr } = await iiiConfig(['check'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'iii-config.yaml: no errors, 1 listener, 6 plugins\n' })
    expect(stderr).toContain("Warning: iii-config.yaml:4: Worker 'iii-sandbox' is not part of this version; skipped\n")
    expect(stderr).toContain("Warning: iii-config.yaml:5: Unknown worker 'helo'; skipped. Did you mean 'hello'?")
    expect(readFileSync(join(cwd, 'iii-config.yaml'), 'utf8')).toBe(text)
  })

  test('names every error with file and line, without a stack trace, and ends with 1', async () => {
    write('workers:\n  - name: iii-worker-manager\n    config: { prot: 1 }\n  - {}\n')
    const { code, stdout, stderr } = await iiiConfig(['check'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    const file = join(cwd, 'iii-config.yaml')
    expect(stderr).toContain(
      `${file}:3: worker 'iii-worker-manager': config.prot: unknown key 'prot'. Did you mean 'port'?`,
    )
    expect(stderr).toContain(`${file}:4: workers[1]: missing 'name'`)
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  test('says of an empty file what becomes of it', async () => {
    write('')
    const { code, stdout, stderr } = await iiiConfig(['check'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'iii-config.yaml: no errors, 1 listener, 4 plugins\n' })
    expect(stderr).toBe(
      "Warning: iii-config.yaml:1: the file is empty: a start runs no worker of it, a running engine does not take it up. Write 'workers: []' if nothing is to run\n",
    )
  })

  test('refuses what the definition of a plugin does not allow, at the line of the key', async () => {
    mkdirSync(join(cwd, 'plugins'))
    write(HELLO, join('plugins', 'hello.ts'))
    write('workers:\n  - name: state\n  - name: hello\n    config: { greeting: hi }\n    replicas: 2\n')
    const { code, stderr } = await iiiConfig(['check'])
    expect(code).toBe(1)
    expect(stderr).toContain(
      `${join(cwd, 'iii-config.yaml')}:5: 'replicas: 2' needs a plugin that declares 'overlap: true'`,
    )
  })

  test('refuses a second entry of a plugin that does not declare repeatable, and names both lines', async () => {
    const plugin = (more: string) =>
      `import { definePlugin } from 'iii-host/plugin'\nexport default definePlugin({ name: 'hello', ${more}start() {} })\n`
    mkdirSync(join(cwd, 'plugins'))
    write('workers:\n  - name: hello\n  - name: hello\n')
    write(plugin(''), join('plugins', 'hello.ts'))
    const { code, stderr } = await iiiConfig(['check'])
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(
        `${join(cwd, 'iii-config.yaml')}:3: the plugin 'hello' has two entries (iii-config.yaml:2 and iii-config.yaml:3), but does not run more than once`,
      ),
    })
    write(plugin('repeatable: true, '), join('plugins', 'hello.ts'))
    expect((await iiiConfig(['check'])).code).toBe(0)
  })

  test('holds the config of a built-in plugin against its schema', async () => {
    write('workers:\n  - name: state\n    config:\n      max_value_bytes: many\n')
    const { code, stderr } = await iiiConfig(['check'])
    expect(code).toBe(1)
    expect(stderr).toContain(
      `${join(cwd, 'iii-config.yaml')}:4: worker 'state': config.max_value_bytes: must be integer or null, got "many"`,
    )
  })

  test.each([
    ['the default port of a worker', '49134', ''],
    ['a port on all interfaces', '3112', ', host: 0.0.0.0'],
  ])('refuses workers of different kinds that would listen on one address: %s', async (_what, port, more) => {
    const listener = `  - name: iii-worker-manager\n    config: { port: ${port}${more} }\n`
    write(`workers:\n${listener}  - name: stream\n    config: { port: ${port} }\n`)
    const { code, stderr } = await iiiConfig(['check'])
    expect(code).toBe(1)
    expect(stderr).toContain(
      `iii-config.yaml:5: worker 'stream': address 127.0.0.1:${port} is already in use by 'iii-worker-manager' at iii-config.yaml:2`,
    )
  })

  test.each([
    ['a listener', 'workers:\n  - name: iii-worker-manager\n    config: { port: 3113 }\n', 'iii-worker-manager'],
    ['a worker', 'workers:\n  - name: stream\n    config: { port: 3113 }\n', 'stream'],
  ])('refuses a health port that %s has, whatever the host', async (_what, workers, name) => {
    write(`${workers}engine:\n  health:\n    host: 0.0.0.0\n    port: 3113\n`)
    const { code, stderr } = await iiiConfig(['check'])
    expect(code).toBe(1)
    expect(stderr).toContain('3113 is already in use by ')
    expect(stderr).toContain('engine.health')
    expect(stderr).toContain(name)
  })

  test('--strict-config turns warnings into errors', async () => {
    write('foo: 1\n')
    expect((await iiiConfig(['check'])).code).toBe(0)
    const strict = await iiiConfig(['check', '--strict-config'])
    expect(strict.code).toBe(1)
    expect(strict.stderr).toContain("unknown top-level key 'foo'")
  })

  test('creates no file where there is none', async () => {
    const { code, stderr } = await iiiConfig(['check'])
    expect(code).toBe(1)
    expect(stderr).toContain(`Config file not found: '${join(cwd, 'iii-config.yaml')}'.`)
    expect(readdirSync(cwd)).toEqual([])
  })

  test('names all variables that are not set', async () => {
    write('plugins_dir: ${III_TEST_A}\nengine: {gate_ms: ${III_TEST_B}}\n', 'other.yaml')
    const { code, stderr } = await iiiConfig(['check', '--config', 'other.yaml'])
    expect(code).toBe(1)
    expect(stderr).toContain("Environment variable 'III_TEST_A' not set and no default provided")
    expect(stderr).toContain("Environment variable 'III_TEST_B' not set and no default provided")
  })

  test.each([
    [['check', 'other.yaml']],
    [['check', '--config', 'a', '--use-default-config']],
    [['check', '--nope']],
    [['chekc']],
    [[]],
  ])('wrong usage %o ends with 2', async (args) => {
    expect((await iiiConfig(args)).code).toBe(2)
  })
})

describe('iii config explain', () => {
  test('shows values with their origin, secrets masked', async () => {
    write(
      'workers:\n  - name: iii-worker-manager\n    config:\n      port: ${III_TEST_PORT}\n  - name: cron\n    config: { token: hunter2 }\n',
    )
    const { code, stdout } = await iiiConfig(['explain'], { III_TEST_PORT: '3111' })
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^iii-worker-manager\.config\.port = 3111 +# environment variable III_TEST_PORT \(iii-config\.yaml:4\)$/m,
    )
    expect(stdout).toMatch(/^iii-worker-manager\.config\.host = "127\.0\.0\.1" +# default$/m)
    expect(stdout).not.toContain('hunter2')
  })

  test.each([
    ['', 'config/iii-stream.yaml'],
    [
      '  - name: configuration\n    config: { adapter: { name: fs, config: { directory: kept } } }\n',
      'kept/iii-stream.yaml',
    ],
  ])('says for which plugins something was set at run time (%s)', async (entry, file) => {
    write(`workers:\n${entry}  - name: iii-state\n  - name: stream\n`)
    expect((await iiiConfig(['explain'])).stdout).not.toContain('set at run time')
    mkdirSync(join(cwd, file, '..'), { recursive: true })
    write('id: iii-stream\nvalue: { port: 1 }\n', file)
    const { stdout } = await iiiConfig(['explain'])
    expect(stdout).toContain(
      `\n# iii-stream: what was set at run time, in ${file}, counts, and not the block in the configuration file, until that is edited\n`,
    )
    expect(stdout).toMatch(new RegExp(`^iii-stream\\.config\\.port = 1 +# set at run time \\(${file}\\)$`, 'm'))
    expect(stdout).toMatch(/^iii-stream\.config\.host = "127\.0\.0\.1" +# default$/m)
    expect(stdout).not.toContain('# iii-state:')
    const json = JSON.parse((await iiiConfig(['explain', '--json'])).stdout) as { stored: unknown }
    expect(json.stored).toEqual([{ name: 'iii-stream', file: expect.stringContaining(file), counts: true }])
  })

  test('shows the values of the file where what was set at run time does not count, and says why', async () => {
    write('workers:\n  - name: stream\n    config: { port: 5 }\n  - name: state\n')
    mkdirSync(join(cwd, 'config'))
    write('id: iii-stream\nvalue: { port: 1 }\nseed: of-another-block\n', 'config/iii-stream.yaml')
    write('id: iii-state\nvalue: { max_value_bytes: "${III_TEST_NONE}" }\n', 'config/iii-state.yaml')
    const { stdout } = await iiiConfig(['explain'])
    expect(stdout).toMatch(/^iii-stream\.config\.port = 5 +# iii-config\.yaml:3$/m)
    expect(stdout).toContain('in config/iii-stream.yaml, does not count: the block was edited since\n')
    expect(stdout).toContain('in config/iii-state.yaml, does not count: III_TEST_NONE is not set\n')
  })

  test('finds what was set under short names, with variables', async () => {
    write('workers:\n  - name: state\n')
    mkdirSync(join(cwd, 'config'))
    write('id: state\nvalue: { max_value_bytes: "${III_TEST_SIZE:7}" }\n', 'config/state.yaml')
    const { stdout } = await iiiConfig(['explain'])
    expect(stdout).toMatch(/^iii-state\.config\.max_value_bytes = 7 +# set at run time \(config\/state\.yaml\)$/m)
  })

  test('says nothing of folders here when another engine keeps what is set', async () => {
    const adapter = '{ name: bridge, config: { bridge_url: "ws://127.0.0.1:1" } }'
    write(`workers:\n  - name: configuration\n    config: { adapter: ${adapter} }\n  - name: iii-stream\n`)
    mkdirSync(join(cwd, 'config'))
    write('id: iii-stream\nvalue: { port: 1 }\n', 'config/iii-stream.yaml')
    expect((await iiiConfig(['explain'])).stdout).not.toContain('set at run time')
  })

  test('--json prints the same for programs', async () => {
    const { code, stdout } = await iiiConfig(['explain', '--json', '--use-default-config'])
    expect(code).toBe(0)
    const { file, values } = JSON.parse(stdout) as { file: unknown; values: { path: string; source: string }[] }
    expect(file).toBeNull()
    expect(values).toContainEqual(
      expect.objectContaining({ path: 'iii-worker-manager.config.port', value: 49134, source: 'default' }),
    )
  })
})

describe('iii config schema', () => {
  test.each([
    ['no file', undefined],
    ['a broken file', 'workers: ['],
  ])('prints a schema that knows the built-ins, with %s', async (_what, text) => {
    if (text !== undefined) write(text)
    const { code, stdout } = await iiiConfig(['schema'])
    expect(code).toBe(0)
    const schema = JSON.parse(stdout) as {
      definitions: { entry: { allOf: { if: { properties: { name: { enum: string[] } } } }[] } }
    }
    const names = schema.definitions.entry.allOf.flatMap((rule) => rule.if.properties.name.enum)
    expect(names).toEqual(expect.arrayContaining(['iii-worker-manager', 'iii-state', 'state']))
  })

  test('--write puts it beside the file, again and again, and says which line leads an editor there', async () => {
    const file = join(cwd, 'sub', 'iii-config.yaml')
    const schema = join(cwd, 'sub', 'iii-config.schema.json')
    mkdirSync(join(cwd, 'sub'))
    writeFileSync(file, 'workers: []\n')
    const args = ['config', 'schema', '--write', '--config', file]
    const first = await runHere(args)
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toContain('# yaml-language-server: $schema=./iii-config.schema.json')
    expect(JSON.parse(readFileSync(schema, 'utf8'))).toEqual(JSON.parse((await iiiConfig(['schema'])).stdout))
    expect(readFileSync(file, 'utf8')).toBe('workers: []\n')
    writeFileSync(file, '# yaml-language-server: $schema=./iii-config.schema.json\nworkers: []\n')
    expect((await runHere(args)).stdout).not.toContain('yaml-language-server')
    writeFileSync(schema, '{"title":"mine"}')
    expect(await runHere(args)).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing was written') })
    expect(readFileSync(schema, 'utf8')).toBe('{"title":"mine"}')
  })

  test('a file that was named must be there', async () => {
    expect((await iiiConfig(['schema', '--config', 'none.yaml'])).code).toBe(1)
  })
})
