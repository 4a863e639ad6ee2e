import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseJsonWithComments } from '../../base/values/json-with-comments.ts'
import { enablePlugin } from '../../bin/enable-plugin.ts'
import { FakeEngine } from './fake-engine.ts'
import { runCli } from './run-cli.ts'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'iii-plugin-'))
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

const iii = (...args: string[]) => runCli(args, { cwd })
const inProject = (name: string) => path.join(cwd, name)
const write = (name: string, text: string) => writeFileSync(inProject(name), text)
const read = (name: string) => readFileSync(inProject(name), 'utf8')

describe('iii plugin new', () => {
  it('writes a plugin into the plugins folder beside the configuration and says how to go on', async () => {
    const { code, stdout } = await iii('plugin', 'new', 'hello')
    expect(code).toBe(0)
    expect(stdout).toContain('iii plugin enable hello --write')
    expect(read('plugins/hello.ts')).toContain("name: 'hello'")
  })
  it('honours plugins_dir of the configuration, interpolated', async () => {
    write('iii-config.yaml', 'plugins_dir: ${PLUGINS_FOLDER_FOR_TEST:./mine}\nworkers: []\n')
    await iii('plugin', 'new', 'hello')
    expect(existsSync(inProject('mine/hello.ts'))).toBe(true)
  })
  it.each(['hello.ts', 'hello.mjs', 'hello'])('never overwrites what is there: %s', async (taken) => {
    mkdirSync(inProject('plugins'))
    if (taken === 'hello') mkdirSync(inProject('plugins/hello'))
    else write(`plugins/${taken}`, 'mine')
    expect(await iii('plugin', 'new', 'hello')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`plugins/${taken} exists already`),
    })
    expect(readdirSync(inProject('plugins'))).toEqual([taken])
  })
  it('names the folder that it cannot make, and what to do, without a stack trace', async () => {
    write('plugins', 'a file')
    const { code, stderr } = await iii('plugin', 'new', 'hello')
    expect(code).toBe(1)
    expect(stderr).toContain(`${path.join('plugins', 'hello.ts')} can't be written: `)
    expect(stderr).toContain('set plugins_dir')
    expect(stderr).not.toMatch(/^\s+at /m)
  })
  it('writes a tsconfig.json beside it for editors, and leaves one that is there', async () => {
    const { stdout } = await iii('plugin', 'new', 'hello')
    expect(stdout).toContain(
      `Wrote ${path.join('plugins', 'hello.ts')}, and ${path.join('plugins', 'tsconfig.json')} for`,
    )
    expect(parseJsonWithComments(read('plugins/tsconfig.json'))).toMatchObject({
      compilerOptions: { strict: true, moduleResolution: 'bundler', noEmit: true },
    })
    write('plugins/tsconfig.json', 'mine')
    expect((await iii('plugin', 'new', 'other')).stdout).toContain(`Wrote ${path.join('plugins', 'other.ts')}.`)
    expect(read('plugins/tsconfig.json')).toBe('mine')
  })
  it.each([
    ['iii-state', 'iii-state', 'plugin new iii-state --replace'],
    ['state', 'iii-state', 'plugin new iii-state --replace'],
    ['iii-worker-manager', 'iii-worker-manager', 'no plugin can replace'],
  ])('refuses %s, a name of %s, and says: %s', async (name, worker, advice) => {
    const { code, stderr } = await iii('plugin', 'new', name)
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(advice) })
    expect(stderr).toContain(worker)
    expect(readdirSync(cwd)).toEqual([])
  })
  it('writes one with the name of a built-in worker with --replace, and says how to enable it', async () => {
    const { code, stdout } = await iii('plugin', 'new', 'iii-state', '--replace')
    expect(code).toBe(0)
    expect(stdout).toContain('plugin enable iii-state --write --replace')
    expect(read('plugins/iii-state.ts')).toContain("name: 'iii-state'")
  })
  it.each(['state', 'iii-worker-manager'])('refuses the name %s even with --replace', async (name) => {
    expect((await iii('plugin', 'new', name, '--replace')).code).toBe(1)
    expect(readdirSync(cwd)).toEqual([])
  })
  it.each(['Hello', '1st', '../up', 'a_b'])('refuses the name %s', async (name) => {
    expect(await iii('plugin', 'new', name)).toMatchObject({ code: 1, stderr: expect.stringContaining(name) })
    expect(readdirSync(cwd)).toEqual([])
  })
})

describe('iii plugin enable', () => {
  it('prints the lines to add and writes nothing', async () => {
    write('iii-config.yaml', 'workers: []\n')
    const { code, stdout } = await iii('plugin', 'enable', 'hello')
    expect(code).toBe(0)
    expect(stdout).toContain('workers:\n  - name: hello\n')
    expect(read('iii-config.yaml')).toBe('workers: []\n')
  })
  it('writes them with --write, once', async () => {
    write('iii-config.yaml', 'workers:\n  - name: iii-state\n')
    await iii('plugin', 'enable', 'hello', '--write')
    expect(read('iii-config.yaml')).toBe('workers:\n  - name: iii-state\n  - name: hello\n')
    const again = await iii('plugin', 'enable', 'hello', '--write')
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('enabled already') })
    expect(readdirSync(cwd)).toEqual(['iii-config.yaml'])
  })
  it('takes the file that --config names, and fails when it is not there', async () => {
    write('other.yaml', 'workers: []\n')
    await iii('plugin', 'enable', 'hello', '--write', '-c', 'other.yaml')
    expect(parse(read('other.yaml'))).toEqual({ workers: [{ name: 'hello' }] })
    const missing = await iii('plugin', 'enable', 'hello', '--write', '-c', 'none.yaml')
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('Config file not found') })
    expect(missing.stderr).not.toMatch(/^\s+at /m)
  })
  it('asks the engine on the port of the project, not one of another project', async () => {
    await using engine = await FakeEngine.start()
    engine.answers.set('engine::plugins::info', { result: { state: 'running' } })
    write(
      'iii-config.yaml',
      `modules:\n  - class: modules::worker::WorkerModule\nworkers:\n  - name: iii-worker-manager\n    config: {port: ${engine.port}}\n`,
    )
    const { stdout } = await iii('plugin', 'enable', 'hello', '--write')
    expect(stdout).toContain('It runs.')
    expect(engine.frames.map((frame) => frame['data'])).toEqual([{ name: 'hello' }])
  })
  it.each(['iii-state', 'state'])('does not let a plugin named %s take the place of the built-in', async (name) => {
    mkdirSync(inProject('plugins'))
    write(`plugins/${name}.ts`, '')
    write('iii-config.yaml', 'workers: []\n')
    const { code, stderr } = await iii('plugin', 'enable', name, '--write')
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('built-in worker') })
    expect(read('iii-config.yaml')).toBe('workers: []\n')
  })
  it('lets it with --replace', async () => {
    mkdirSync(inProject('plugins'))
    write('plugins/iii-state.ts', '')
    write('iii-config.yaml', 'workers: []\n')
    expect((await iii('plugin', 'enable', 'iii-state', '--write', '--replace')).code).toBe(0)
    expect(parse(read('iii-config.yaml'))).toEqual({ workers: [{ name: 'iii-state' }] })
  })
  it.each(['name: iii-state', 'name: state', 'class: modules::state::StateModule'])(
    'knows a built-in worker by each of its names: %s',
    async (entry) => {
      write('iii-config.yaml', `workers:\n  - ${entry}\n`)
      for (const name of ['state', 'iii-state']) {
        const { code, stdout, stderr } = await iii('plugin', 'enable', name, '--write')
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
        expect(stdout).toContain('enabled already')
      }
    },
  )
  it('exits 1 without a configuration file and writes none', async () => {
    expect((await iii('plugin', 'enable', 'hello', '--write')).code).toBe(1)
    expect(readdirSync(cwd)).toEqual([])
  })
  it('leaves a file that is no YAML as it is', async () => {
    write('iii-config.yaml', 'workers: [\n')
    expect(await iii('plugin', 'enable', 'hello', '--write')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Failed to parse config file'),
    })
    expect(read('iii-config.yaml')).toBe('workers: [\n')
  })
})

describe('enablePlugin', () => {
  const enabled = (text: string) => {
    const result = enablePlugin(text, { name: 'hello' }, 'file.yaml')
    return result.outcome === 'enabled' ? result.text : result.outcome
  }
  it('changes nothing but the new lines: comments, spacing and quotes stay', () => {
    const before = `# head\nworkers:   # list\n    -   name: "a"   # first\n        config: { x: 1 }\n\n    # second\n    - name: b\n      config:\n        text: |\n          last\n\n# tail\nengine:\n  gate_ms: 1\n`
    const after = enabled(before)
    expect(after).toContain('    - name: hello\n')
    expect(after.replace('    - name: hello\n', '')).toBe(before)
    expect(parse(after).workers.at(-1)).toEqual({ name: 'hello' })
    expect(parse(after).engine).toEqual({ gate_ms: 1 })
  })
  it('adds to the configuration that a new project gets', () => {
    const starter = readFileSync(new URL('../../iii-config.yaml', import.meta.url), 'utf8')
    const after = enabled(starter)
    expect(after.replace('  - name: hello\n', '')).toBe(starter)
    expect(parse(after).workers).toEqual([...parse(starter).workers, { name: 'hello' }])
  })
  it.each([
    ['workers:\n- name: a', 'workers:\n- name: a\n- name: hello\n'],
    ['workers:\n  - name: a\nengine: {}\n', 'workers:\n  - name: a\n  - name: hello\nengine: {}\n'],
    ['workers:\r\n  - name: a\r\n', 'workers:\r\n  - name: a\r\n  - name: hello\r\n'],
  ])('%j → %j', (before, after) => {
    expect(enabled(before)).toBe(after)
  })
  it.each([
    'workers: []\n',
    'workers:\n',
    '',
    '# only a comment\n',
    'modules:\n  - class: x\n',
    'workers:\n# end\n',
    'workers: # mine\n  # - name: a\n  #   config: {}\nengine: {} # last\n',
    'workers: [{ name: a }]\n',
  ])('finds a place in %j and keeps the comments', (before) => {
    const after = enabled(before)
    expect(parse(after).workers.at(-1)).toEqual({ name: 'hello' })
    for (const comment of before.match(/#.*/g) ?? []) expect(after).toContain(comment)
  })
  it('switches on an entry that is there with enabled: false', () => {
    expect(parse(enabled('workers:\n  - name: hello # mine\n    enabled: false\n')).workers).toEqual([
      { name: 'hello', enabled: true },
    ])
  })
  it('does nothing when it is enabled, in either list', () => {
    expect(enabled('workers:\n  - name: hello\n')).toBe('already')
    expect(enabled('modules:\n  - name: hello\n')).toBe('already')
  })
  it.each(['workers: 5\n', '- a\n'])('refuses %j', (text) => {
    expect(() => enablePlugin(text, { name: 'hello' }, 'file.yaml')).toThrow(/not a (list|map)/)
  })
})
