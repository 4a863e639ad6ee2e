// The package as its users get it: packed, installed into another folder, run without the sources.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILT_INS } from '../../plugins/built-ins.ts'
import { findOldNode } from '../bin/old-node.ts'
import { snippetsOf } from '../docs/snippets.ts'
import { lacks } from '../support/needs.ts'
import { RegistryFolder } from '../support/worker-registry-folder.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const oldNode = findOldNode()
const nodeFolder = path.dirname(process.execPath)
// npm belongs to the system; the new Node comes before the system's.
const env = { ...process.env, PATH: `${nodeFolder}${path.delimiter}${process.env['PATH']}`, III_NODE: '' }

let folder: string
let installed: string
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'iii-pack-'))
  await run('npm', ['pack', '--pack-destination', folder], { cwd: root, env })
  const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  writeFileSync(path.join(folder, 'package.json'), '{"name":"user","private":true,"type":"module"}')
  const options = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  await run('npm', ['install', ...options, path.join(folder, tarball)], { cwd: folder, env })
  installed = path.join(folder, 'node_modules', 'iii-host')
}, 240_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const iii = (...args: string[]) => run('npx', ['--no-install', 'iii', ...args], { cwd: folder, env })

describe('the packed package', () => {
  it('holds compiled code, the license and the default configuration, and no sources', () => {
    for (const file of [
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      'docs/README.md',
      'examples/first-worker.mjs',
      'iii-config.yaml',
      'bin/iii.mjs',
      'bin/newer-node.mjs',
      'bin/replace-process.mjs',
      'bin/source-places.mjs',
      'bin/warm-bundle.mjs',
      'dist/bin/write-warm-bundle.js',
      'dist/bin/main.js',
      'dist/index.js',
      'dist/core/engine.js',
      'dist/plugins/built-ins.js',
    ]) {
      expect(existsSync(path.join(installed, file)), file).toBe(true)
    }
    const sources = globSync('**/*.ts', { cwd: installed }).filter(
      (file) => !/node_modules|^examples/.test(file) && !file.endsWith('.d.ts'),
    )
    expect(sources).toEqual([])
  })
  it('holds one ready bundle per built-in plugin', () => {
    for (const { folder: source } of BUILT_INS) {
      const plugin = path.join('dist', 'plugins', path.basename(source))
      const bundle = readFileSync(path.join(installed, plugin, 'index.js'), 'utf8')
      const outside = [...bundle.matchAll(/(?:from |import\()"(\.[^"]+)"/g)].map(([, specifier = '']) =>
        path.join(plugin, specifier),
      )
      expect(outside.filter((file) => !/^dist\/(sdk|protocol|base)\//.test(file))).toEqual([])
    }
  })
  it('knows the settings of its built-in plugins', async () => {
    const { definitions } = JSON.parse((await iii('config', 'schema')).stdout) as { definitions: object }
    for (const { about } of BUILT_INS) expect(JSON.stringify(definitions)).toContain(`"${about.name}"`)
  })
  it('has the scenarios of its built-in plugins', async () => {
    const { stdout } = await iii('bench', '--help')
    for (const { about } of BUILT_INS)
      for (const scenario of Object.keys(about.scenarios ?? {})) expect(stdout).toContain(scenario)
  })
  it('gives a working npx iii', async () => {
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }
    expect((await iii('--version')).stdout).toBe(`${version}\n`)
  })
  it('exports the engine, definePlugin, the kit and what tests plugins', async () => {
    const script = `
      import { startEngine } from 'iii-host'
      import { definePlugin } from 'iii-host/plugin'
      import { SqliteStore } from 'iii-host/kit'
      import { startTestEngine } from 'iii-host/testing'
      await using engine = await startTestEngine()
      await engine.run(definePlugin({ name: 'p', start: ({ iii }) => void iii.registerFunction('p::f', () => 'ran') }))
      console.log(typeof startEngine, typeof definePlugin, typeof SqliteStore, await engine.call('p::f'))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: folder })
    expect(stdout).toBe('function function function ran\n')
  })

  it('exports the SDK under every name, and that of pages as one file without imports', async () => {
    const { exports } = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8')) as { exports: object }
    const names = Object.keys(exports).filter((name) => /^\.\/(sdk|browser|stream|state)/.test(name))
    expect(names.length).toBeGreaterThan(10)
    const script = `
      for (const name of ${JSON.stringify(names)}) await import('iii-host' + name.slice(1))
      const { registerWorker } = await import('iii-host/sdk')
      console.log(typeof registerWorker)`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: folder })
    expect(stdout).toBe('function\n')
    const page = readFileSync(path.join(installed, 'dist/sdk/browser.js'), 'utf8')
    expect(page).not.toMatch(/\bimport\b\s*[{*"']/)
  })

  it('writes a plugin that an editor can check, with all that it needs for that', async () => {
    const project = path.join(folder, 'fresh')
    mkdirSync(project)
    const { stdout } = await run('npx', ['--no-install', 'iii', 'plugin', 'new', 'typed'], { cwd: project, env })
    expect(stdout).toContain('Wrote plugins/typed.ts, and plugins/tsconfig.json for your editor.')
    const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const check = () => run(process.execPath, [tsc, '-p', 'plugins'], { cwd: project })
    await check()
    const file = path.join(project, 'plugins', 'typed.ts')
    const right = readFileSync(file, 'utf8')
    for (const [mistake, complaint] of [
      ['iii.registerFunktion', 'registerFunktion'],
      ['config.greetign', 'greetign'],
      [`iii.trigger({ function_id: 'state::get', payload: { scope: 's' } })`, "Property 'key' is missing"],
      [`iii.registerTrigger({ type: 'cron', function_id: 'f', config: {} })`, "Property 'expression' is missing"],
    ]) {
      writeFileSync(file, right.replace('log.info(', `${mistake}\n    log.info(`))
      await expect(check(), mistake).rejects.toMatchObject({ stdout: expect.stringContaining(complaint ?? '') })
    }
  })

  it('has declarations for each entry, in both ways of finding them', async () => {
    const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const everything = `import { startEngine, type Engine } from 'iii-host'
      import { definePlugin } from 'iii-host/plugin'
      import { SqliteStore } from 'iii-host/kit'
      import { startTestEngine } from 'iii-host/testing'
      import { createChannel } from 'iii-host/sdk/helpers'
      import { registerWorker } from 'iii-host/sdk'
      export const channel = createChannel(registerWorker())
      export const engine: Promise<Engine> = startEngine({})
      export { definePlugin, SqliteStore, startTestEngine }`
    writeFileSync(path.join(folder, 'everything.ts'), everything)
    const options = '--ignoreConfig --noEmit --strict --lib esnext --types node'.split(' ')
    const types = ['--typeRoots', path.join(root, 'node_modules', '@types')]
    for (const finding of [['nodenext'], ['esnext', '--moduleResolution', 'bundler']]) {
      const check = [tsc, ...options, ...types, '--module', ...finding, 'everything.ts']
      await run(process.execPath, check, { cwd: folder })
    }
  })

  it('has declarations for pages, which need no types of Node', async () => {
    const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const program = `import { ChannelReader, registerWorker, type ISdk } from 'iii-host/browser'
      import type { StreamChangeEvent } from 'iii-host/stream'
      import { StateEventType } from 'iii-host/state'
      const iii: ISdk = registerWorker('ws://127.0.0.1:49134')
      iii.registerFunction({ id: 'x' }, async ({ event }: StreamChangeEvent<{ a: number }>) => event.data.a)
      const { readerRef } = await iii.createChannel()
      const bytes: Uint8Array = await new ChannelReader(iii.address, readerRef).readAll()
      document.title = bytes.length + StateEventType.Created`
    writeFileSync(path.join(folder, 'page.ts'), program)
    const options = ['--ignoreConfig', '--noEmit', '--strict', '--lib', 'esnext,dom', '--types', '']
    for (const finding of [['nodenext'], ['esnext', '--moduleResolution', 'bundler']]) {
      await run(process.execPath, [tsc, ...options, '--module', ...finding, 'page.ts'], { cwd: folder })
    }
  })
})

describe('an engine from the packed package', () => {
  let engine: ChildProcess | undefined
  let url: string
  beforeAll(async () => {
    writeFileSync(
      path.join(folder, 'iii-config.yaml'),
      'workers:\n  - name: iii-worker-manager\n    config: { port: 0 }\n  - name: iii-state\n  - name: hello\n',
    )
    const plugin = snippetsOf('README.md').find(
      (snippet) => snippet.kind === 'file' && snippet.name === 'plugins/hello.ts',
    )
    mkdirSync(path.join(folder, 'plugins'))
    writeFileSync(path.join(folder, 'plugins', 'hello.ts'), plugin?.text ?? '')
    const launcher = path.join(folder, 'node_modules', '.bin', 'iii')
    const started = spawn(process.execPath, [launcher, 'start'], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    engine = started
    url = await listeningUrl(started)
  })
  afterAll(async () => {
    if (engine !== undefined && engine.exitCode === null) await terminated(engine)
  })

  it('lists its functions', async () => {
    const { stdout } = await iii('trigger', 'engine::functions::list', 'include_internal=true', '--address', url)
    const { functions } = JSON.parse(stdout) as { functions: { function_id: string }[] }
    expect(functions.map(({ function_id }) => function_id)).toEqual(
      expect.arrayContaining(['engine::functions::list', 'state::get', 'hello::greet']),
    )
  })
  it('keeps state and runs a plugin written in TypeScript', async () => {
    await iii('trigger', 'state::set', 'scope=s', 'key=k', 'value=5', '--address', url)
    expect((await iii('trigger', 'state::get', 'scope=s', 'key=k', '--address', url)).stdout).toBe('5\n')
    expect(JSON.parse((await iii('trigger', 'hello::greet', 'name=Ada', '--address', url)).stdout)).toEqual({
      text: 'Hello, Ada',
    })
  })
  it('installs a worker of a registry, which it unpacks in a thread, and runs it', async () => {
    const program = `import { registerWorker } from 'iii-host/sdk'
      const iii = registerWorker(process.env.III_URL, { workerName: 'bundled' })
      iii.registerFunction({ id: 'bundled::say' }, async () => 'from a bundle')`
    const registry = new RegistryFolder(path.join(folder, '.iii', 'registry'))
    registry.publish({
      name: 'bundled',
      manifest: 'scripts: { start: node index.mjs }',
      files: [{ name: 'index.mjs', content: program }],
      functions: ['bundled::say'],
    })
    const input = JSON.stringify({ source: { kind: 'registry', name: 'bundled' }, wait: true })
    const added = await iii('trigger', 'worker::add', '--json', input, '--timeout-ms', '60000', '--address', url)
    expect(JSON.parse(added.stdout)).toMatchObject({ status: 'installed', awaited_ready: true })
    expect((await iii('trigger', 'bundled::say', '--address', url)).stdout).toBe('"from a bundle"\n')
  })
  it('ends with exit code 0 on SIGTERM', async () => {
    expect(engine && (await terminated(engine))).toBe(0)
  })
})

it.skipIf(lacks('old Node'))('where only an old Node is found it says what to do (needs old Node)', async () => {
  const launcher = path.join(installed, 'bin', 'iii.mjs')
  const bare = { HOME: folder, PATH: path.dirname(oldNode ?? '') }
  const failure = run(oldNode ?? '', [launcher, '--version'], { cwd: folder, env: bare })
  await expect(failure).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('iii needs Node.js 24 or newer'),
  })
})

function listeningUrl(engine: ChildProcess): Promise<string> {
  let output = ''
  return new Promise((resolve, reject) => {
    engine.once('exit', (code) => reject(new Error(`the engine ended with ${code}:\n${output}`)))
    engine.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const [url] = /ws:\/\/127\.0\.0\.1:\d+/.exec(output) ?? []
      if (url !== undefined) resolve(url)
    })
  })
}

function terminated(child: ChildProcess): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  child.kill('SIGTERM')
  return ended
}
