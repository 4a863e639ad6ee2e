// The engine as one file, made of its sources some seconds after a start from them, so that the next start loads one module in place of
// six hundred (docs/decisions/2026-11-29-warm-bundle.md). Plain JavaScript, and loaded before anything else: it decides what is.
import path from 'node:path'
import { fileURLToPath } from 'node:url'

// An import would make modules of them that read every property, and so load what only comes with some of these.
const { createHash } = process.getBuiltinModule('node:crypto')
const { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync } = process.getBuiltinModule('node:fs')

/** `off` runs the sources as they are. */
export const WARM_VARIABLE = 'III_WARM_BUNDLE'

/** A start is over by then, and what ends sooner would not gain from it. */
const WRITE_AFTER_MS = 5_000
/** What looks at the modules that are loaded is to see the sources. */
const WATCHED = /inspect|loader|--import|--require|coverage|source-maps|^-r/

/**
 * @typedef {object} WarmIndex
 * @property {string} bundle name of the file, beside the index
 * @property {readonly (readonly [file: string, signature: string])[]} inputs everything that it was made of
 */

/** @param {string | undefined} cache @param {string} here folder of the launcher @returns {string | undefined} where its bundle is kept */
export function warmFolder(cache, here) {
  const flags = [...process.execArgv, ...(process.env.NODE_OPTIONS || '').split(' ')]
  if (process.env[WARM_VARIABLE] === 'off' || process.env.NODE_V8_COVERAGE || flags.some((flag) => WATCHED.test(flag)))
    return undefined
  const key = createHash('sha256').update(`${here} ${process.version} ${process.arch}`).digest('hex').slice(0, 16)
  return cache && path.join(cache, 'warm', key)
}

/** @param {string} folder @returns {string | undefined} the bundle, if it was made of the very files that are there now */
export function currentBundle(folder) {
  try {
    /** @type {WarmIndex} */
    const { bundle, inputs } = JSON.parse(readFileSync(path.join(folder, 'inputs.json'), 'utf8'))
    const file = path.join(folder, path.basename(bundle))
    if (![folder, path.join(folder, 'inputs.json'), file].every(isOwn)) return undefined
    return inputs.every(([input, signature]) => signatureOf(input) === signature) ? file : undefined
  } catch {
    return undefined
  }
}

/** Changes with every change of the file, also where a tool gives it an older time. @param {string} file @returns {string} */
export function signatureOf(file) {
  const stats = statSync(file, { throwIfNoEntry: false })
  return stats === undefined ? '' : `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.ino}`
}

/** Nobody else may put code there that is run as this user. Windows keeps the folders of users apart itself. @param {string} file */
function isOwn(file) {
  if (process.getuid === undefined) return existsSync(file)
  const { uid, mode } = statSync(file)
  return uid === process.getuid() && (mode & 0o022) === 0
}

/** False: what is written there is never taken, or nothing can be. @param {string} folder */
export function canBeOwn(folder) {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK)
    return isOwn(folder)
  } catch {
    return false
  }
}

/**
 * Has the bundle written by a process of low priority, for a start from the sources that lasts; it ends with this process.
 * @param {string} folder
 */
export function writeLater(folder) {
  const timer = setTimeout(() => {
    if (!canBeOwn(folder)) return
    try {
      const { spawn } = process.getBuiltinModule('node:child_process')
      const child = spawn(process.execPath, [writerFile(), folder], { stdio: 'ignore', windowsHide: true })
      child.on('error', () => {})
      child.unref()
      process.once('exit', () => child.kill())
    } catch {
      // Not permitted here, by a permission model for example.
    }
  }, WRITE_AFTER_MS)
  timer.unref()
}

/** Beside the sources in a checkout, else in the compiled package. */
function writerFile() {
  const here = path.dirname(fileURLToPath(import.meta.url))
  const source = path.join(here, 'write-warm-bundle.ts')
  return existsSync(source) ? source : path.join(here, '..', 'dist', 'bin', 'write-warm-bundle.js')
}
