#!/usr/bin/env node
// The launcher: runs the CLI in this process where Node is new enough, else in a newer Node that it finds.
// It must parse and run on Node 18, so that people with an old Node get a sentence instead of a syntax error.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import module from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { HANGUP_VARIABLE, ignoresHangup } from './hangup.mjs'
import { ENGINE_ENVIRONMENT, ENGINE_NODE_OPTIONS, keepOptionsFromThreads } from './node-options.mjs'

const NEEDED_MAJOR = 24
const here = path.dirname(fileURLToPath(import.meta.url))

const startsEngine =
  /^(start|serve|-c|--config(=.*)?|--no-watch|--strict-config|--use-default-config|--inspect(=.*)?|--update-check)?$/.test(
    process.argv[2] ?? '',
  )
const nodeOptions = startsEngine && !isSetUp() ? ENGINE_NODE_OPTIONS : []

/** Asked once: a parent that ends takes its answer with it. */
const isHangupIgnored = ignoresHangup()
if (isHangupIgnored) {
  process.env[HANGUP_VARIABLE] = 'ignore'
  process.on('SIGHUP', () => {})
}

if (majorOf(process.versions.node) >= NEEDED_MAJOR) {
  if (nodeOptions.length > 0) becomeSetUp()
  await runHere()
} else {
  runElsewhere()
}

/** The user has chosen for himself, or this is the process that was set up. */
function isSetUp() {
  return [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((option) => option.includes('semi-space'))
}

/** Replaces this process by one with the options of the engine. Where that can't be done it goes on as it is, somewhat slower. */
function becomeSetUp() {
  if (process.execve === undefined || process.platform === 'win32' || process.channel !== undefined) return
  const line = [process.execPath, ...process.execArgv, ...nodeOptions, ...process.argv.slice(1)]
  try {
    process.execve(process.execPath, line, { ...ENGINE_ENVIRONMENT, ...process.env })
  } catch {
    // Not permitted here, by a permission model for example.
  }
}

/** The sources when they are there (a checkout), else the compiled package: Node strips no types under node_modules. */
function entryFile() {
  const source = path.join(here, 'main.ts')
  return existsSync(source) ? source : path.join(here, '..', 'dist', 'bin', 'main.js')
}

async function runHere() {
  keepOptionsFromThreads()
  endWithLauncher()
  // Saves the stripping of types and most of the compiling at every start but the first.
  const cache = cacheFolder()
  if (cache !== undefined) module.enableCompileCache(path.join(cache, 'compile'))
  const { main } = await import(pathToFileURL(entryFile()).href)
  await main(process.argv.slice(2))
}

/** A launcher that is killed passes no signal on. Its engine must not stay behind and hold port and data folder. */
function endWithLauncher() {
  const isLaunched = process.env.III_LAUNCHED !== undefined && process.channel !== undefined
  delete process.env.III_LAUNCHED
  if (!isLaunched) return
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  // A command that is done ends, whether or not its launcher listens.
  process.channel.unref()
}

/** The same folder as `defaultCacheDir` of the plugin host, which can't be asked before this. */
function cacheFolder() {
  const { III_CACHE_DIR, XDG_CACHE_HOME, LOCALAPPDATA } = process.env
  if (III_CACHE_DIR) return III_CACHE_DIR
  if (process.platform === 'win32' && LOCALAPPDATA) return path.join(LOCALAPPDATA, 'iii-host', 'cache')
  const home = homeFolder()
  if (process.platform === 'darwin') return home && path.join(home, 'Library', 'Caches', 'iii-host')
  const caches = XDG_CACHE_HOME || (home && path.join(home, '.cache'))
  return caches && path.join(caches, 'iii-host')
}

/** A user of whom neither the environment nor the system knows one has none. */
function homeFolder() {
  try {
    const home = os.homedir()
    return path.isAbsolute(home) ? home : undefined
  } catch {
    return undefined
  }
}

function runElsewhere() {
  const rejected = [`${process.execPath} is ${process.versions.node}`]
  const node = findNode(rejected)
  if (node === undefined) {
    console.error(missingNodeMessage(rejected))
    process.exit(1)
  }
  const child = spawn(
    node,
    [...process.execArgv, ...nodeOptions, fileURLToPath(import.meta.url), ...process.argv.slice(2)],
    {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: {
        ...(nodeOptions.length > 0 ? ENGINE_ENVIRONMENT : {}),
        ...process.env,
        ...pathWith(node),
        III_LAUNCHED: '1',
      },
    },
  )
  const signals = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGUSR2', ...(isHangupIgnored ? [] : ['SIGHUP'])]
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`iii: ${node} could not be started: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code === null ? 1 : code)
    // Ends the way the child ended, so that a shell or supervisor sees the signal. The first process of a container is spared by it.
    for (const forwarded of signals) process.removeAllListeners(forwarded)
    process.exitCode = 128 + os.constants.signals[signal]
    process.kill(process.pid, signal)
  })
}

/** What the engine starts by the name of `node`, a worker for example, is run by the Node that runs the engine. */
function pathWith(node) {
  if (!/^node(\.exe)?$/.test(path.basename(node))) return {}
  // Of a variable that Windows knows in any spelling there must not be two.
  const name = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') || 'PATH'
  const before = process.env[name]
  return { [name]: before ? `${path.dirname(node)}${path.delimiter}${before}` : path.dirname(node) }
}

/** The first Node that is new enough; what was looked at and is too old goes into `rejected`. */
function findNode(rejected) {
  for (const candidate of candidates()) {
    if (candidate.lacking !== undefined) {
      rejected.push(`${candidate.file} ${candidate.lacking}`)
      continue
    }
    const version = candidate.version || versionOf(candidate.file)
    if (version !== undefined && majorOf(version) >= NEEDED_MAJOR) return candidate.file
    if (candidate.named || version !== undefined) {
      rejected.push(`${candidate.file} is ${version === undefined ? 'not a Node that runs' : version}`)
    }
  }
  return undefined
}

/** In order of intent: named by the user, the `node` package beside or above this package, then PATH. */
function* candidates() {
  if (process.env.III_NODE) yield { file: process.env.III_NODE, named: true }
  for (let folder = path.dirname(here); ; folder = path.dirname(folder)) {
    const packaged = packagedNode(path.join(folder, 'node_modules', 'node'))
    if (packaged !== undefined) yield packaged
    if (folder === path.dirname(folder)) break
  }
  const extension = process.platform === 'win32' ? '.exe' : ''
  const folders = (process.env.PATH || '').split(path.delimiter).filter((folder) => path.isAbsolute(folder))
  const names = ['node', 'node24', 'node25', 'node26', 'node-24', 'node-25', 'node-26']
  // One Node under several names, as where /bin is a link to /usr/bin, is looked at once.
  const seen = new Set([realpathSync(process.execPath)])
  for (const folder of folders) {
    for (const name of names) {
      const file = path.join(folder, name + extension)
      if (!existsSync(file) || seen.has(realpathSync(file))) continue
      seen.add(realpathSync(file))
      yield { file }
    }
  }
}

function packagedNode(folder) {
  const file = path.join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  // npm may be set up to run no scripts; that of this package fetches the program.
  if (!existsSync(file) && existsSync(path.join(folder, 'package.json')))
    return { file: folder, lacking: 'is without its program: npm rebuild node --ignore-scripts=false fetches it' }
  if (!existsSync(file)) return undefined
  try {
    return { file, version: JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')).version }
  } catch {
    return { file }
  }
}

function versionOf(file) {
  const { stdout, status } = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 5000 })
  return status === 0 && /^v\d+\./.test(stdout) ? stdout.trim().slice(1) : undefined
}

function majorOf(version) {
  return Number.parseInt(version, 10)
}

function missingNodeMessage(rejected) {
  return [
    `iii needs Node.js ${NEEDED_MAJOR} or newer, and none was found:`,
    ...rejected.map((line) => `  ${line}`),
    'Do one of these:',
    '  npm install node@26              puts a newer Node beside this package, which iii then uses by itself',
    '  export III_NODE=/path/to/node    names a newer Node that is installed already',
    `  install Node.js ${NEEDED_MAJOR} or newer from https://nodejs.org`,
  ].join('\n')
}
