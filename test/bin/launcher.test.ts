import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { engineEnvironment } from '../../bin/node-options.mjs'
import { lacks } from '../support/needs.ts'
import { findOldNode } from './old-node.ts'
import { copyLauncher, launcherFiles } from './copy-launcher.ts'
import { LAUNCHER, runCli } from './run-cli.ts'

const oldNode = findOldNode()
const isLinux = process.platform === 'linux'
let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'iii-launcher-'))
  mkdirSync(path.join(folder, 'bin'))
  copyLauncher(path.join(folder, 'bin'))
  // Stands for the CLI: says who runs it, and waits for a signal when asked to.
  writeFileSync(
    path.join(folder, 'bin', 'main.ts'),
    `export async function main(argv: readonly string[]): Promise<void> {
      if (argv[0] === 'exit') process.exit(Number(argv[1]))
      const { existsSync, readFileSync } = await import('node:fs')
      // What the process began with is known on Linux, whatever it has taken out of its environment since.
      const begun = existsSync('/proc/self/environ') ? readFileSync('/proc/self/environ', 'utf8') : 'unknown'
      const arenas = begun === 'unknown' ? begun : /MALLOC_ARENA_MAX=(\\d*)/.exec(begun)?.[1]
      const left = [process.env.MALLOC_ARENA_MAX, process.env.III_OWN_ENVIRONMENT]
      if (argv[0] === 'start') return console.log(process.pid, ...process.execArgv, arenas, ...left)
      if (argv[0] === 'node') {
        const { execSync } = await import('node:child_process')
        return console.log(execSync('node --version', { encoding: 'utf8' }).trim())
      }
      if (argv[0] === 'die') process.kill(process.pid, 'SIGKILL')
      if (argv[0] === 'echo') for await (const chunk of process.stdin) process.stdout.write(chunk)
      if (argv[0] === 'wait') {
        const alive = setInterval(() => {}, 1000)
        process.once('SIGTERM', () => { console.log('got SIGTERM'); clearInterval(alive); process.exitCode = 7 })
      }
      console.log(process.versions.node)
    }`,
  )
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function linkPackage(name: string): void {
  mkdirSync(path.join(folder, 'node_modules'), { recursive: true })
  symlinkSync(path.resolve(path.dirname(LAUNCHER), '../node_modules', name), path.join(folder, 'node_modules', name))
}

const launch = (node: string, args: string[], env: NodeJS.ProcessEnv, input = '') =>
  spawnSync(node, [path.join(folder, 'bin', 'iii.mjs'), ...args], {
    env: { HOME: folder, ...env },
    encoding: 'utf8',
    timeout: 15_000,
    input,
  })

it('runs in this process where Node is new enough', () => {
  const { status, stdout } = launch(process.execPath, [], { PATH: '' })
  expect({ status, stdout }).toEqual({ status: 0, stdout: `${process.versions.node}\n` })
})

it.skipIf(lacks('root'))('runs for a user of whom the system knows no home (needs root)', () => {
  const node = path.join(folder, 'node')
  copyFileSync(process.execPath, node)
  onTestFinished(() => rmSync(node))
  // That user must be able to read the launcher and the Node that runs it, wherever the checkout is and whatever mask files are made with.
  execFileSync('chmod', ['-R', 'go+rX', folder])
  const script = `process.setuid(54321); process.argv.splice(1, 1); import(${JSON.stringify(pathToFileURL(path.join(folder, 'bin', 'iii.mjs')).href)})`
  const { status, stdout, stderr } = spawnSync(node, ['-e', script, 'iii'], {
    env: { PATH: '' },
    encoding: 'utf8',
    timeout: 15_000,
  })
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${process.versions.node}\n`, stderr: '' })
})

it('sets Node up for the engine, in the same process, unless the user has chosen for himself', () => {
  const started = launch(process.execPath, ['start'], { PATH: '' })
  // What it sets up for itself is not for the workers that it starts.
  expect(started.stdout).toBe(
    `${started.pid} --max-semi-space-size=1 ${isLinux ? '2' : 'unknown'} undefined undefined\n`,
  )
  const chosen = launch(process.execPath, ['start'], {
    PATH: '',
    NODE_OPTIONS: '--max-semi-space-size=8',
    MALLOC_ARENA_MAX: '4',
  })
  expect(chosen.stdout).toBe(`${chosen.pid} ${isLinux ? '4' : 'unknown'} 4 undefined\n`)
  const other = launch(process.execPath, [], { PATH: '', MALLOC_ARENA_MAX: '' })
  expect(other.status).toBe(0)
})

it('gives the engine what the user has not set, and names it', () => {
  const fresh = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '1048576' }
  const both = 'MALLOC_ARENA_MAX MALLOC_TRIM_THRESHOLD_'
  expect(engineEnvironment({ A: '1' })).toEqual({ A: '1', ...fresh, III_OWN_ENVIRONMENT: both })
  const chosen = { ...fresh, MALLOC_ARENA_MAX: '', III_OWN_ENVIRONMENT: 'MALLOC_TRIM_THRESHOLD_' }
  expect(engineEnvironment({ MALLOC_ARENA_MAX: '' })).toEqual(chosen)
})

it('parses on every Node since 18: no syntax newer than that', () => {
  // The launcher is read by Nodes that only print a message; esbuild refuses what it would have to rewrite.
  for (const file of launcherFiles()) {
    const source = readFileSync(file, 'utf8')
    expect(source).not.toMatch(/\busing\s|\bsatisfies\b|\?\?=|import\s+.*\bwith\s*\{|import defer/)
  }
})

const canReplaceItself =
  oldNode !== undefined && spawnSync(oldNode, ['-e', 'process.exit(process.execve ? 0 : 1)']).status === 0

describe.skipIf(lacks('old Node')).each([
  { way: 'and can be replaced', withLibrary: true },
  { way: 'and can be replaced by its own means only', withLibrary: false },
])('on a system whose Node is too old $way (needs old Node)', ({ withLibrary }) => {
  const node = oldNode ?? ''
  /** Whether the newer Node takes the place of this one, whose signals it then gets itself. */
  const isReplaced = withLibrary || canReplaceItself
  beforeAll(() => {
    if (withLibrary) for (const name of ['koffi', '@koromix']) linkPackage(name)
  })
  afterAll(() => rmSync(path.join(folder, 'node_modules'), { recursive: true, force: true }))

  it('finds the newer Node that III_NODE names', () => {
    const { status, stdout } = launch(node, [], { PATH: '', III_NODE: process.execPath })
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${process.versions.node}\n` })
  })
  it('finds a newer Node on PATH, behind an older one', () => {
    const { status, stdout } = launch(node, [], { PATH: `${path.dirname(node)}:${path.dirname(process.execPath)}` })
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${process.versions.node}\n` })
  })
  it('leaves no process behind where it can replace its own, and else waits for the one that it started', () => {
    const { pid, stdout } = launch(node, ['start'], { PATH: '', III_NODE: process.execPath })
    expect(stdout.startsWith(`${pid} `)).toBe(isReplaced)
  })
  it('runs what is started by the name of node in the newer Node, too', () => {
    const PATH = `${path.dirname(node)}:/usr/bin:/bin`
    const { status, stdout } = launch(node, ['node'], { PATH, III_NODE: process.execPath })
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${process.version}\n` })
  })
  it('finds the node package beside or above the package', () => {
    const packaged = path.join(folder, 'node_modules', 'node')
    mkdirSync(path.join(packaged, 'bin'), { recursive: true })
    writeFileSync(path.join(packaged, 'package.json'), JSON.stringify({ version: process.versions.node }))
    writeFileSync(path.join(packaged, 'bin', 'node'), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`)
    chmodSync(path.join(packaged, 'bin', 'node'), 0o755)
    try {
      expect(launch(node, [], { PATH: '' })).toMatchObject({ status: 0, stdout: `${process.versions.node}\n` })
    } finally {
      rmSync(packaged, { recursive: true })
    }
  })
  it('says what to do where the node package was installed without running its script', () => {
    const packaged = path.join(folder, 'node_modules', 'node')
    mkdirSync(packaged, { recursive: true })
    writeFileSync(path.join(packaged, 'package.json'), JSON.stringify({ version: process.versions.node }))
    try {
      const { status, stderr } = launch(node, [], { PATH: '' })
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('npm rebuild node') })
      const { stdout } = launch(node, [], { PATH: path.dirname(process.execPath) })
      expect(stdout).toBe(`${process.versions.node}\n`)
    } finally {
      rmSync(packaged, { recursive: true })
    }
  })
  it('leaves nothing running when it is killed', async () => {
    const child = spawn(node, [path.join(folder, 'bin', 'iii.mjs'), 'wait'], {
      env: { HOME: folder, PATH: '', III_NODE: process.execPath },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let output = ''
    // The pipe closes when the last process that holds it has ended: the one that the launcher started.
    const closed = new Promise((resolve) => child.stdout.on('close', resolve))
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.includes(process.versions.node)) child.kill('SIGKILL')
    })
    await closed
    expect(output).toContain(isReplaced ? process.versions.node : 'got SIGTERM')
  })
  it('passes on the exit code, standard input and death by a signal', () => {
    const env = { PATH: '', III_NODE: process.execPath }
    expect(launch(node, ['exit', '3'], env).status).toBe(3)
    expect(launch(node, ['echo'], env, 'from stdin\n').stdout).toContain('from stdin\n')
    expect(launch(node, ['die'], env).signal).toBe('SIGKILL')
  })
  it.skipIf(lacks('PID namespaces'))(
    'as the first process of a container, where no signal ends it, it ends with the code of one (needs PID namespaces)',
    () => {
      const first = path.join(folder, 'first.sh')
      writeFileSync(first, `#!/bin/sh\nexec unshare -Urpf --mount-proc --kill-child '${node}' "$@"\n`, { mode: 0o755 })
      const env = { PATH: process.env['PATH'], III_NODE: process.execPath }
      const { status, signal } = launch(first, ['die'], env)
      expect({ status, signal }).toEqual({ status: isReplaced ? 0 : 137, signal: null })
    },
  )
  it('passes on SIGTERM and waits for the end', async () => {
    const child = spawn(node, [path.join(folder, 'bin', 'iii.mjs'), 'wait'], {
      env: { HOME: folder, PATH: '', III_NODE: process.execPath },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output === '') child.kill('SIGTERM')
      output += text
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect({ code, output }).toEqual({ code: 7, output: `${process.versions.node}\ngot SIGTERM\n` })
  })
  it('says what was found, what is needed and how to get it when there is no newer Node', () => {
    const { status, stderr, stdout } = launch(node, ['start'], { PATH: path.dirname(node), III_NODE: '/nowhere/node' })
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain('needs Node.js 24 or newer')
    expect(stderr).toContain('/nowhere/node')
    expect(stderr).toContain('npm install node@')
    expect(stderr).not.toMatch(/^\s+at /m)
  })
  it('starts the CLI of this checkout', async () => {
    expect(await runCli(['--version'], { node })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
  })
})
