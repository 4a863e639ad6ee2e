// `iii worker`: operations over the bus of the running engine, on the files where none runs, and what each prints (spec 05 part C).
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sourceOf } from '../../../../plugins/worker-ops/command/add.ts'
import { sizeText } from '../../../../plugins/worker-ops/command/remove.ts'
import { runHere, withVariable } from '../../../bin/run-here.ts'
import { tempFolder } from '../../../support/temp-folder.ts'
import { TerminalProject } from './project.ts'

const rowsOf = (table: string) => table.split('\n').map((line) => line.split(/ {2,}/))

describe('with the engine of the project', () => {
  let project: TerminalProject
  beforeAll(async () => {
    project = await TerminalProject.open({ until: 'all' })
    await project.start()
  })
  afterAll(() => project.remove())

  it('a worker is added, called, stopped, started, shown and removed', async () => {
    await project.worker('hello')
    const added = await project.cli(['worker', 'add', './hello'])
    expect(added).toMatchObject({ code: 0, stdout: 'hello is added and can be called.\n' })
    expect(added.stderr).toContain('./hello: under way\n')
    const call = ['trigger', 'hello::say', '--port', String(project.folder.port)]
    expect(await project.cli(call)).toMatchObject({ code: 0, stdout: '"hello"\n' })
    expect(rowsOf((await project.iii(['list'])).stdout)).toContainEqual([
      'hello',
      '0.22.1',
      'running',
      expect.stringMatching(/^\d+$/),
    ])
    const { stdout } = await project.iii(['status', 'hello'])
    expect(stdout).toMatch(/^hello\n {2}status {2}running \(process \d+\)\n {2}type {4}local\n/)
    expect(stdout).toContain('  | hello runs\n')
    expect(await project.cli(['worker', 'logs', 'hello', '--tail', '1'])).toMatchObject({ code: 0 })

    expect(await project.iii(['stop', 'hello'])).toMatchObject({ code: 0, stdout: 'hello is stopped.\n' })
    const { stdout: listed } = await project.iii(['list', '--json'])
    expect((JSON.parse(listed) as { workers: unknown[] }).workers).toContainEqual({
      name: 'hello',
      running: false,
      status: 'stopped',
      pid: null,
    })
    expect(await project.iii(['start', 'hello'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^hello is started, process \d+\.\n$/),
    })
    expect(await project.iii(['restart', 'hello'])).toMatchObject({ code: 0 })
    expect(await project.cli(call)).toMatchObject({ stdout: '"hello"\n' })

    const refused = await project.iii(['remove', 'hello'])
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/^Error: hello is running\. .*--yes\n$/) })
    expect(await project.iii(['rm', 'hello', '-y'])).toMatchObject({ code: 0, stdout: 'hello is removed.\n' })
    expect((await project.iii(['list'])).stdout).not.toContain('hello')
  })

  it('an error of an operation is its message alone, and exit code 1', async () => {
    const folder = await project.worker('twice')
    await project.iii(['add', folder])
    const again = await project.iii(['add', folder])
    expect(again.code).toBe(1)
    expect(again.stderr).toMatch(/^Error: A worker 'twice' is there already/m)
    expect(again.stderr).not.toContain('WorkerOpError')
    expect(await project.iii(['add', folder, '--force', '--reset-config'])).toMatchObject({
      code: 0,
      stdout: 'twice is replaced and can be called.\n',
    })
    expect(await project.iii(['reinstall', folder])).toMatchObject({ stdout: 'twice is replaced.\n' })
    for (const [args, message] of [
      [['add', 'nope-nope'], /^Error: .*nope-nope/m],
      [['add', '../x@1'], /^Error: /m],
      [['add', 'docker.io/x:1'], /container workers are not supported/],
      [['start', 'nobody'], /^Error: Worker 'nobody' is not installed/m],
      [['stop', 'iii-state'], /is a worker of the engine itself/],
      [['info', 'nope-nope'], /^Error: D310 not_found/m],
      [['logs', 'nobody'], /^Error: there is no worker 'nobody'/m],
      [['status', 'nobody'], /^$/],
    ] as const) {
      const result = await project.iii([...args])
      expect({ args, code: result.code, stderr: result.stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(message),
      })
      expect(result.stderr).not.toMatch(/^\s+at /m)
    }
  })

  it('several workers are added in their order, up to the first that fails', async () => {
    const [one, three] = [await project.worker('one'), await project.worker('three')]
    const { code, stdout } = await project.iii(['add', one, './two', three, '--no-wait'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'one is added.\n' })
    expect(readFileSync(path.join(project.dir, 'iii-config.yaml'), 'utf8')).not.toContain('three')
  })

  it('a worker that ends at once is added, with what is wrong', async () => {
    const folder = await project.worker('broken', 'console.error("no luck"); process.exit(3)')
    const { code, stdout } = await project.iii(['add', folder])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^broken is added, but can not be called yet\. It .*/)
    expect(await project.iii(['status', 'broken'])).toMatchObject({
      stdout: expect.stringContaining('! no luck'),
    })
  })

  it('what the registry of the engine has is shown', async () => {
    const { code, stdout } = await project.iii(['info', 'queue'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^iii-queue \d/)
    expect(stdout).toContain('Functions:\n')
    expect(await project.iii(['add', 'iii-directory'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^iii-directory.* is there already and can be called\.\n$/),
    })
  })
})

describe('without an engine', () => {
  it('files are changed, and the next start takes them up', async () => {
    const project = await TerminalProject.open()
    const added = await project.iii(['add', await project.worker('hello')])
    expect(added).toMatchObject({ code: 0, stdout: 'hello is added; it runs when the engine is started.\n' })
    expect(await project.iii(['list'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^hello +stopped$/m),
      stderr: 'The engine of this project does not run.\n',
    })
    for (const name of ['start', 'stop', 'restart']) {
      expect(await project.iii([name, 'hello'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/engine is not running/),
      })
    }
    await project.start()
    await expect
      .poll(async () => (await project.iii(['list'])).stdout, { interval: 100 })
      .toMatch(/^hello .* running +\d+$/m)
    expect(await project.iii(['remove', 'hello', '--yes'])).toMatchObject({ code: 0 })
  })

  it('a manifest is checked', async () => {
    const cwd = tempFolder()
    const project = await TerminalProject.open()
    const good = await project.worker('good')
    expect(await runHere(['worker', 'validate', good])).toMatchObject({ code: 0, stdout: 'good is valid.\n' })
    await project.folder.write('bad/iii.worker.yaml', 'name: bad\nscripts: { start: 1 }\nfoo: 1\n')
    const { code, stdout } = await runHere(['worker', 'validate', path.join(project.dir, 'bad')])
    expect(code).toBe(1)
    expect(stdout).toContain('scripts.start')
    expect(stdout).toContain("error: unknown key 'foo'\n")
    expect(stdout).toContain('bad is not valid.\n')
    expect(await project.cli(['worker', 'validate', '--json'], { cwd })).toMatchObject({ code: 1 })
  })
})

describe('where an operation runs', () => {
  it('an engine of another project is left alone, though it listens where this one would', async () => {
    const other = await TerminalProject.open()
    await other.start()
    const project = await TerminalProject.open()
    const folder = await project.worker('hello')
    const env = { III_TEST_PORT: String(other.folder.port), III_URL: other.folder.url }
    const { stdout } = await project.iii(['add', folder], env)
    expect(stdout).toBe('hello is added; it runs when the engine is started.\n')
    expect((await other.iii(['list'])).stdout).not.toContain('hello')
  })
  it('III_URL finds the engine of the project where its file does not say the port', async () => {
    const project = await TerminalProject.open()
    await project.start()
    const env = { III_TEST_PORT: '0', III_URL: project.folder.url }
    const { stdout } = await project.iii(['add', await project.worker('hello')], env)
    expect(stdout).toBe('hello is added and can be called.\n')
  })
  it('--host names the engine, from any folder; paths are those of its machine', async () => {
    const project = await TerminalProject.open()
    await project.start()
    await project.worker('hello')
    const options = { cwd: tempFolder() }
    const host = ['--host', `127.0.0.1:${project.folder.port}`]
    expect(await project.cli(['worker', 'add', './hello', ...host], options)).toMatchObject({
      code: 0,
      stdout: 'hello is added and can be called.\n',
    })
    expect((await project.cli(['worker', 'list', '--host', project.folder.url], options)).stdout).toMatch(
      /^hello .* running/m,
    )
    const { stdout } = await project.cli(['worker', 'logs', 'hello', ...host], options)
    expect(stdout).toContain('hello runs\n')
    expect(await project.cli(['worker', 'list', '--host', '127.0.0.1:1'], options)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no connection to an engine at ws://127.0.0.1:1'),
    })
  })
  it('without a configuration file the engine of this machine does it, and says so', async () => {
    const project = await TerminalProject.open()
    await project.start()
    const cwd = tempFolder()
    const found = await project.cli(['worker', 'list'], { cwd, env: { III_URL: project.folder.url } })
    expect(found).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`There is no configuration file in ${cwd}`),
    })
    const none = await project.cli(['worker', 'list'], { cwd, env: { III_URL: 'ws://127.0.0.1:1' } })
    expect(none).toMatchObject({ code: 1, stderr: expect.stringMatching(/no configuration file.*iii project init/) })
  })
  it('a configuration file may be named before the command, as iii has it', async () => {
    const project = await TerminalProject.open()
    await project.worker('hello')
    const config = path.join(project.dir, 'iii-config.yaml')
    const options = { cwd: tempFolder() }
    expect(await project.cli(['--config', config, 'worker', 'list'], options)).toMatchObject({ code: 0 })
    expect(
      await project.cli(['-c', config, 'worker', 'start', 'hello', '--config', 'own.json'], options),
    ).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('engine is not running'),
    })
  })
})

describe('what an argument means', () => {
  const cwd = '/projects/shop'
  it.each([
    ['./greeter', { kind: 'local', path: '/projects/shop/greeter' }],
    ['../greeter', { kind: 'local', path: '/projects/greeter' }],
    ['/abs/greeter', { kind: 'local', path: '/abs/greeter' }],
    ['docker.io/acme/resize', { kind: 'oci', reference: 'docker.io/acme/resize' }],
    ['resize:1.2', { kind: 'oci', reference: 'resize:1.2' }],
    ['resize', { kind: 'registry', name: 'resize' }],
    ['resize@1.2.0', { kind: 'registry', name: 'resize', version: '1.2.0' }],
    ['resize@npm@1', { kind: 'registry', name: 'resize', version: 'npm@1' }],
  ])('%s', (word, source) => {
    expect(sourceOf(word, cwd, false)).toEqual(source)
  })
  it('a folder with a manifest is local without a dot, on this machine', async () => {
    const project = await TerminalProject.open()
    await project.worker('greeter')
    expect(sourceOf('greeter', project.dir, false)).toEqual({ kind: 'local', path: path.join(project.dir, 'greeter') })
    expect(sourceOf('greeter', project.dir, true)).toEqual({ kind: 'registry', name: 'greeter' })
    expect(sourceOf('./greeter', project.dir, true)).toEqual({ kind: 'local', path: './greeter' })
  })
})

it.each(['exec', 'sandbox'])('iii worker %s is not provided', async (name) => {
  expect(await runHere(['worker', name, 'x'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`worker ${name} is not supported by this engine: `),
  })
})

it.each([
  [['start', 'x', '--port', 'many'], '--port must be a whole number'],
  [['logs', 'x', '--tail', '1001'], '--tail must be a whole number from 0 to 1000'],
  [['add'], 'missing WORKER'],
  [['stop', 'x', 'y'], "unexpected argument 'y'"],
  [['add', 'x', '--reset-config'], '--reset-config is a part of --force'],
  [['init', 'x', '-l', 'cobol'], 'takes one of ts, js, py, rust'],
])('iii worker %j is a wrong command line', async (args, message) => {
  withVariable('III_CONFIG_PATH', fileURLToPath(new URL('../../../../iii-config.yaml', import.meta.url)))
  expect(await runHere(['worker', ...args])).toMatchObject({ code: 2, stderr: expect.stringContaining(message) })
})

it.each([
  [0, '0 bytes'],
  [1023, '1023 bytes'],
  [1024, '1.0 KiB'],
  [5 * 1024 ** 3, '5.0 GiB'],
])('%d bytes are %s', (bytes, text) => expect(sizeText(bytes)).toBe(text))
