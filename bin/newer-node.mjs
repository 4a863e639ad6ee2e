// What the launcher does on a Node that is too old for the engine: finds a newer one and hands over to it. Plain JavaScript, for Node 18.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { engineEnvironment, NEEDED_MAJOR } from './node-options.mjs'
import { replaceProcess } from './replace-process.mjs'

/**
 * @typedef {object} HandOver
 * @property {string} launcher the file that the newer Node is to run
 * @property {readonly string[]} nodeOptions
 * @property {boolean} isHangupIgnored
 */

/** @param {HandOver} handOver */
export async function runInNewerNode({ launcher, nodeOptions, isHangupIgnored }) {
  const rejected = [`${process.execPath} is ${process.versions.node}`]
  const node = findNode(launcher, rejected)
  if (node === undefined) {
    console.error(missingNodeMessage(rejected))
    process.exit(1)
  }
  const args = [...process.execArgv, ...nodeOptions, launcher, ...process.argv.slice(2)]
  const env = { ...(nodeOptions.length > 0 ? engineEnvironment(process.env) : process.env), ...pathWith(node) }
  await replaceProcess(node, args, env)
  runAsChild(node, args, { ...env, III_LAUNCHED: '1' }, isHangupIgnored)
}

/** What stays has next to no memory of its own: about 8 MB, beside pages of its program that the system may drop. */
function runAsChild(node, args, env, isHangupIgnored) {
  const child = spawn(node, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], env })
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
function findNode(launcher, rejected) {
  for (const candidate of candidates(path.dirname(launcher))) {
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
function* candidates(here) {
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

function majorOf(version) {
  return Number.parseInt(version, 10)
}
