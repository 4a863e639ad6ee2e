#!/bin/sh
':' /*
# For a shell up to the end of this comment, for Node behind it: run by its name this file is read by sh, which starts the right Node with
# the options of the engine at once. `node bin/iii.mjs` does the same, by the same rules, in more steps. Where these lines find nothing
# they leave it to Node.
engine_options() {
  word=${1-}
  case $word in
    -c | --config) behind=${3-} ;;
    --config=*) behind=${2-} ;;
    *) behind= ;;
  esac
  case $behind in
    '' | -*) ;;
    *) word=$behind ;;
  esac
  case $word in
    '' | start | serve | -c | --config | --config=* | --no-watch | --strict-config | --use-default-config | --inspect | --inspect=* | --update-check) ;;
    *) return ;;
  esac
  case ${NODE_OPTIONS-} in
    *semi-space*) return ;;
  esac
  options=--max-semi-space-size=1
  own=
  [ -n "${MALLOC_ARENA_MAX+set}" ] || own_variable MALLOC_ARENA_MAX 2
  [ -n "${MALLOC_TRIM_THRESHOLD_+set}" ] || own_variable MALLOC_TRIM_THRESHOLD_ 1048576
}

own_variable() {
  own="$own$1 "
  export "$1=$2" III_OWN_ENVIRONMENT="$own"
}

# What ignores SIGHUP, as nohup has it, is known here; Node has forgotten when it runs its first line.
keep_hangup() {
  if [ -r /proc/$$/status ]; then
    while read -r name value; do
      case $name$value in
        SigIgn:*[13579bdf]) ;;
        SigIgn:*) return ;;
        *) continue ;;
      esac
      export III_SIGHUP=ignore
      return
    done </proc/$$/status
  else
    case $(trap) in
      *"'' SIGHUP"* | *"'' HUP"*) export III_SIGHUP=ignore ;;
    esac
  fi
}

is_new_enough() {
  case ${1#v} in
    2[4-9].* | [3-9][0-9].* | [1-9][0-9][0-9]*.*) return 0 ;;
  esac
  return 1
}

is_packaged() {
  [ -f "$1/bin/node" ] && [ -x "$1/bin/node" ] && [ -r "$1/package.json" ] || return 1
  while read -r line || [ -n "$line" ]; do
    case $line in
      *'"version":'*)
        version=${line#*'"version":'}
        is_new_enough "${version#*'"'}"
        return
        ;;
    esac
  done <"$1/package.json"
  return 1
}

find_packaged() {
  folder=$(readlink -f -- "$0") || return
  folder=${folder%/*}
  while [ -n "$folder" ]; do
    folder=${folder%/*}
    if is_packaged "$folder/node_modules/node"; then
      newer=$folder/node_modules/node/bin/node
      return
    fi
  done
}

options=
newer=
engine_options "$@"
[ -n "${III_SIGHUP+set}" ] || keep_hangup
case ${III_NODE-} in
  /?*) [ "${III_NODE%/node}" != "$III_NODE" ] && is_new_enough "$("$III_NODE" --version 2>&1)" && newer=$III_NODE ;;
  '') find_packaged ;;
esac
if [ -n "$newer" ] && ! is_new_enough "$(node --version 2>&1)"; then
  export PATH="${newer%/*}${PATH:+:$PATH}"
  exec "$newer" $options "$0" "$@"
fi
exec node $options "$0" "$@"
*/
// The launcher: runs the CLI in this process where Node is new enough, else in a newer Node that it finds.
// It must parse and run on Node 18, so that people with an old Node get a sentence instead of a syntax error.
import module from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { HANGUP_VARIABLE, ignoresHangup } from './hangup.mjs'
import {
  ENGINE_NODE_OPTIONS,
  engineEnvironment,
  hideOwnEnvironment,
  keepOptionsFromThreads,
  NEEDED_MAJOR,
} from './node-options.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))

const startsEngine =
  /^(start|serve|-c|--config(=.*)?|--no-watch|--strict-config|--use-default-config|--inspect(=.*)?|--update-check)?$/.test(
    commandWord(process.argv.slice(2)),
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
  const { runInNewerNode } = await import('./newer-node.mjs')
  await runInNewerNode({ launcher: fileURLToPath(import.meta.url), nodeOptions, isHangupIgnored })
}

/** `iii -c FILE health` is `iii health -c FILE`, and no start. */
function commandWord([first = '', ...rest]) {
  const behind = /^(-c|--config)$/.test(first) ? rest[1] : first.startsWith('--config=') ? rest[0] : undefined
  return behind === undefined || behind.startsWith('-') ? first : behind
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
    process.execve(process.execPath, line, engineEnvironment(process.env))
  } catch {
    // Not permitted here, by a permission model for example.
  }
}

/** The sources when they are there (a checkout), else the compiled package: Node strips no types under node_modules. */
async function entryFile() {
  const { existsSync } = await import('node:fs')
  const source = path.join(here, 'main.ts')
  return existsSync(source) ? source : path.join(here, '..', 'dist', 'bin', 'main.js')
}

async function runHere() {
  keepOptionsFromThreads()
  hideOwnEnvironment()
  endWithLauncher()
  // Saves the stripping of types and most of the compiling at every start but the first.
  const cache = cacheFolder()
  if (cache !== undefined) module.enableCompileCache(path.join(cache, 'compile'))
  const { main } = (await warmEngine(cache)) || (await import(pathToFileURL(await entryFile()).href))
  await main(process.argv.slice(2))
}

/** The engine as one file, if that is what its sources would give now. Whoever debugs it is to see these. */
async function warmEngine(cache) {
  if (!startsEngine || process.argv.some((arg) => /^--inspect(=|$)/.test(arg))) return undefined
  const { currentBundle, warmFolder, writeLater } = await import('./warm-bundle.mjs')
  const folder = warmFolder(cache, here)
  const bundle = folder && currentBundle(folder)
  // A file that is torn, as after a power cut, is written anew like one that is missing.
  const engine = bundle && (await import(pathToFileURL(bundle).href).catch(() => undefined))
  if (engine && engine.main) {
    const { showSourcesInStacks } = await import('./source-places.mjs')
    showSourcesInStacks(bundle)
    return engine
  }
  if (folder) writeLater(folder)
  return undefined
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

function majorOf(version) {
  return Number.parseInt(version, 10)
}
