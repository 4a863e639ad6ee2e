// The launcher run by its name, as people run it: a shell reads its first lines and starts the Node that they find.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { ENGINE_NODE_OPTIONS, NEEDED_MAJOR } from '../../bin/node-options.mjs'
import { tempFolder } from '../support/temp-folder.ts'
import { copyLauncher } from './copy-launcher.ts'
import { LAUNCHER } from './run-cli.ts'

const SHELLS = [['/bin/sh'], ['/bin/dash'], ['/bin/bash'], ['/bin/busybox', 'sh']].filter(([file]) => existsSync(file!))
const OPTIONS = ENGINE_NODE_OPTIONS.join(' ')

/** What a Node that was started tells of itself. */
interface Started {
  readonly node: string
  readonly args: readonly string[]
  /** The variables for it, and which of them the user has not set. */
  readonly malloc: string
  readonly hangup: string
  readonly path: string
}

let folder: string
let tools: string
let launcher: string

beforeEach(() => {
  // A place as people may have it.
  folder = path.join(realpathSync(tempFolder()), "it's a “place”; $HOME *")
  tools = path.join(folder, 'tools')
  launcher = path.join(folder, 'project/node_modules/iii-host/bin/iii.mjs')
  mkdirSync(tools, { recursive: true })
  mkdirSync(path.dirname(launcher), { recursive: true })
  copyFileSync(LAUNCHER, launcher)
  chmodSync(launcher, 0o755)
  symlinkSync(execFileSync('which', ['readlink'], { encoding: 'utf8' }).trim(), path.join(tools, 'readlink'))
})

/** A program that says which Node it stands for, and how it was started. */
function fakeNode(file: string, version: string): void {
  mkdirSync(path.dirname(file), { recursive: true })
  const fields = [
    '"$0"',
    '"${MALLOC_ARENA_MAX-} ${MALLOC_TRIM_THRESHOLD_-} ${III_OWN_ENVIRONMENT-}"',
    '"${III_SIGHUP-}"',
    '"$PATH"',
    '"$@"',
  ]
  const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo v${version}; exit; fi\nprintf '%s\\000' ${fields.join(' ')}\n`
  writeFileSync(file, script, { mode: 0o755 })
}

function packagedNode(root: string, version: string): string {
  const place = path.join(root, 'node_modules', 'node')
  const file = path.join(place, 'bin', 'node')
  fakeNode(file, version)
  writeFileSync(path.join(place, 'package.json'), JSON.stringify({ name: 'node', version }, null, 2))
  return file
}

function run(command: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = folder): Started {
  const [file, ...args] = command
  const { stdout, stderr, status } = spawnSync(file!, args, { cwd, env: { PATH: tools, ...env }, encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const [node, malloc, hangup, searched, ...rest] = stdout.split('\0').slice(0, -1)
  return { node: node!, args: rest, malloc: malloc!, hangup: hangup!, path: searched! }
}

describe.each(SHELLS)('by %s %s', (...shell) => {
  const start = (args: readonly string[], env?: NodeJS.ProcessEnv, file = launcher): Started =>
    run([...shell, file, ...args], env)

  it('starts the Node of PATH with the options of the engine, and all arguments as they are', () => {
    fakeNode(path.join(tools, 'node'), `${NEEDED_MAJOR}.0.0`)
    const args = ['start', '--config', 'a b', "it's", '"', '$HOME', '*', '', 'ä\nb']
    const started = start(args)
    expect(started).toMatchObject({
      node: path.join(tools, 'node'),
      malloc: '2 1048576 MALLOC_ARENA_MAX MALLOC_TRIM_THRESHOLD_ ',
      path: tools,
    })
    expect(started.args).toEqual([OPTIONS, launcher, ...args])
  })

  it('leaves what the user has set himself', () => {
    fakeNode(path.join(tools, 'node'), `${NEEDED_MAJOR}.0.0`)
    expect(start([], { NODE_OPTIONS: '--max-semi-space-size=8' }).args).toEqual([launcher])
    expect(start([], { MALLOC_ARENA_MAX: '' }).malloc).toBe(' 1048576 MALLOC_TRIM_THRESHOLD_ ')
  })

  it('starts the node package above the place that links lead to, where that of PATH is too old or not there', () => {
    const packaged = packagedNode(path.join(folder, 'project'), `${NEEDED_MAJOR}.3.1`)
    const link = path.join(tools, 'iii')
    symlinkSync(path.relative(tools, launcher), link)
    const found = { node: packaged, args: [OPTIONS, link], path: `${path.dirname(packaged)}:${tools}` }
    expect(start([], {}, link)).toMatchObject(found)
    fakeNode(path.join(tools, 'node'), '20.20.2')
    expect(start([], {}, link)).toMatchObject(found)
    fakeNode(path.join(tools, 'node'), '100.0.0')
    expect(start([], {}, link)).toMatchObject({ node: path.join(tools, 'node'), path: tools })
  })

  it('finds the package also where a folder on the way is a link, as after npm link', () => {
    const packaged = packagedNode(path.join(folder, 'project'), '30.0.0')
    symlinkSync(path.join(folder, 'project/node_modules/iii-host'), path.join(folder, 'linked'))
    expect(start(['health'], {}, path.join(folder, 'linked/bin/iii.mjs')).node).toBe(packaged)
  })

  it('takes no package that is too old or without its program, and looks further up', () => {
    packagedNode(path.join(folder, 'project/node_modules/iii-host'), '22.9.0')
    rmSync(packagedNode(path.join(folder, 'project'), '26.0.0'))
    const packaged = packagedNode(folder, '26.0.0')
    expect(start([]).node).toBe(packaged)
  })

  it('leaves the search to Node where it finds none', () => {
    fakeNode(path.join(tools, 'node'), '20.20.2')
    const old = path.join(folder, 'other/node')
    fakeNode(old, '18.0.0')
    expect(start([])).toMatchObject({ node: path.join(tools, 'node'), path: tools })
    expect(start([], { III_NODE: '/nowhere/node' }).node).toBe(path.join(tools, 'node'))
    expect(start([], { III_NODE: old }).node).toBe(path.join(tools, 'node'))
  })

  it('prefers the Node that III_NODE names to the package, where that of PATH is too old', () => {
    packagedNode(path.join(folder, 'project'), '26.0.0')
    const named = path.join(folder, 'named one/node')
    fakeNode(named, '26.1.0')
    fakeNode(path.join(tools, 'node'), '23.0.0')
    const found = { node: named, path: `${path.dirname(named)}:${tools}` }
    expect(start([], { III_NODE: named })).toMatchObject(found)
    fakeNode(path.join(tools, 'node'), '24.0.0')
    expect(start([], { III_NODE: named })).toMatchObject({ node: path.join(tools, 'node'), path: tools })
  })

  it('tells Node that SIGHUP is ignored, which Node itself forgets', () => {
    fakeNode(path.join(tools, 'node'), '26.0.0')
    const ignoring = `trap '' HUP; exec "$@"`
    expect(run(['/bin/sh', '-c', ignoring, 'sh', ...shell, launcher]).hangup).toBe('ignore')
    expect(start([]).hangup).toBe('')
    const told = run(['/bin/sh', '-c', ignoring, 'sh', ...shell, launcher], { III_SIGHUP: 'end' })
    expect(told.hangup).toBe('end')
  })
})

it('is run by its name alone, from PATH and from its own folder', () => {
  fakeNode(path.join(tools, 'node'), '26.0.0')
  symlinkSync(launcher, path.join(tools, 'iii'))
  expect(run(['/bin/sh', '-c', 'exec iii start']).args).toEqual([OPTIONS, path.join(tools, 'iii'), 'start'])
  expect(run(['./iii.mjs', 'start'], {}, path.dirname(launcher)).args).toEqual([OPTIONS, './iii.mjs', 'start'])
})

it('ends as a command that is missing where there is no Node at all', () => {
  expect(spawnSync(launcher, [], { env: { PATH: tools } }).status).toBe(127)
})

/** By the stand-in for the CLI. */
const COMMAND_LINES = [
  [],
  ['start'],
  ['serve', '--inspect=9229'],
  ['-c', 'file'],
  ['-c', 'file', '--no-watch'],
  ['-c', 'file', 'health'],
  ['-c', 'file', 'start'],
  ['--config', 'file', 'health'],
  ['--config=file'],
  ['--config=file', 'health'],
  ['--inspect'],
  ['--inspect=9229', 'health'],
  ['--strict-config'],
  ['--use-default-config', '--no-watch'],
  ['--update-check'],
  ['health'],
  ['--version'],
  ['startle'],
  ['--configs'],
]

it.each(COMMAND_LINES.map((args) => [args]))('sets Node up for %j just when Node would itself', (args) => {
  copyLauncher(path.dirname(launcher))
  const main = `export function main() { process.stdout.write(process.execArgv.join(' ')) }`
  renameSync(launcher, path.join(folder, 'iii.mjs'))
  const bin = path.join(folder, 'bin')
  renameSync(path.dirname(launcher), bin)
  renameSync(path.join(folder, 'iii.mjs'), path.join(bin, 'iii.mjs'))
  writeFileSync(path.join(bin, 'main.ts'), main)
  const env = { PATH: tools, HOME: folder }
  const byNode = spawnSync(process.execPath, [path.join(bin, 'iii.mjs'), ...args], { env, encoding: 'utf8' })
  fakeNode(path.join(tools, 'node'), '26.0.0')
  const { args: started } = run([path.join(bin, 'iii.mjs'), ...args])
  expect(started.slice(0, started.indexOf(path.join(bin, 'iii.mjs'))).join(' ')).toBe(byNode.stdout)
  expect(byNode.stderr).toBe('')
})

it('asks for the same oldest Node as the rest', () => {
  for (const version of [`${NEEDED_MAJOR - 1}.99.9`, '9.0.0', '2.4.0']) {
    fakeNode(path.join(tools, 'node'), '20.0.0')
    packagedNode(path.join(folder, 'project'), version)
    expect(run([launcher]).node).toBe(path.join(tools, 'node'))
  }
  for (const version of [
    `${NEEDED_MAJOR}.0.0`,
    `${NEEDED_MAJOR + 1}.0.0-rc.1`,
    '30.0.0',
    '99.1.0',
    '100.0.0',
    '124.2.0',
  ]) {
    const packaged = packagedNode(path.join(folder, 'project'), version)
    expect(run([launcher]).node).toBe(packaged)
  }
})
