// Run by a process of its own: `write-warm-bundle FOLDER` makes the bundle that `warm-bundle.mjs` looks for.
import { build, type BuildOptions, type Plugin } from 'esbuild'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { removeLeftovers, writeWhole } from '../base/files/atomic-file.ts'
import { keepOwnPlace } from '../core/host/builds/module-rewrite.ts'
import type { ThreadFile } from '../core/host/containers/thread-file.ts'
import { nodeModules, withoutFacades } from './node-facades.ts'
import { placesFileOf } from './source-places.mjs'
import { signatureOf } from './warm-bundle.mjs'
import { sourcePlaces } from './write-source-places.ts'
import { COMPACT, makeThreadFile, untilCompiled } from './write-thread-file.ts'

/** Not loaded by most starts, or never by an engine: these stay where they are, and so does all that only they need. */
const NATIVE = ['bufferutil', 'utf-8-validate', '@napi-rs/nice']
/** Imports on demand that every start makes. A wrapper for late evaluation around the router would cost it speed. */
const ALWAYS_LOADED =
  /^(citty|piscina|bin\/commands\/start\.[jt]s|index\.[jt]s|core\/log\.[jt]s|base\/values\/schema-validation\.[jt]s|plugins\/[\w-]+\/([\w-]+\/)?(config|settings-folder|read-stored|pinned-names|entry-problem)\.[jt]s)$/
const IMPORT = /(?<!typeof )\bimport\('([^']+)'\)(?!\.[A-Z])/g
/** An engine that started from a bundle may look for its sources, or start threads, for as long; after that these start from the sources. */
const KEPT_MS = 24 * 60 * 60_000
/** Times of files are not finer than this everywhere. */
const CLOCK_STEP_MS = 2_000

/** Of this folder: a file that they would write otherwise now is not what there should be. */
const WRITERS = ['write-warm-bundle', 'write-thread-file', 'write-source-places', 'node-facades']

const root = fileURLToPath(new URL('..', import.meta.url))
const own = path.extname(import.meta.filename)

/**
 * False: something changed meanwhile, so there is nothing new.
 * @param began in milliseconds since 1970; handed in by tests.
 */
export async function writeWarmBundle(folder: string, began = Date.now(), cacheDir?: string): Promise<boolean> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const compiling = {
    absWorkingDir: root,
    outfile: path.join(folder, 'main.mjs'),
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: `node${process.versions.node}`,
    // Names of classes and functions are shown to people.
    keepNames: true,
    ...COMPACT,
    sourcemap: 'external',
    sourcesContent: false,
    external: NATIVE,
    banner: { js: bannerOf(path.join(root, 'bin', 'main.js')) },
    plugins: [nodeModules, engineModules],
    logLevel: 'silent',
  } as const satisfies BuildOptions
  const thread = cacheDir && (await makeThreadFile({ cacheDir, folder, compiling }))
  const { outputFiles, metafile } = await build({
    ...compiling,
    entryPoints: [path.join(root, 'bin', `main${own}`)],
    plugins: [...(thread ? [valueOf(thread.value)] : []), ...compiling.plugins],
  })
  const modules = Object.keys(metafile.inputs).map((file) => path.resolve(root, file))
  const files = [...new Set([...modules, ...(thread ? thread.inputs : []), ...installedFiles()])]
  const inputs = files.map((file) => [file, signatureOf(file)] as const)
  if (await haveChanged(files, began - CLOCK_STEP_MS)) return false
  const code = outputFiles.find(({ path: file }) => file.endsWith('.mjs'))!
  const map = outputFiles.find(({ path: file }) => file.endsWith('.map'))!
  const contents = withoutFacades(code.text)
  const bundle = `main-${createHash('sha256').update(contents).digest('hex').slice(0, 16)}.mjs`
  const places = placesFileOf(bundle)
  await writeWhole(path.join(folder, places), sourcePlaces(map.text), { mode: 0o600 })
  await writeWhole(path.join(folder, bundle), contents, { mode: 0o600 })
  const written = thread ? thread.files : []
  for (const [name, content] of written) await writeWhole(path.join(folder, name), content, { mode: 0o600 })
  // Last: whoever reads it finds everything that it names.
  await writeWhole(path.join(folder, 'inputs.json'), JSON.stringify({ bundle, inputs }), { mode: 0o600 })
  await removeOld(folder, new Set([bundle, places, ...written.map(([name]) => name)]))
  return true
}

/**
 * By the time that the system keeps itself. The other one is what somebody has set it to: with one in the future there would never be a
 * bundle. @param since in milliseconds since 1970.
 */
export async function haveChanged(files: readonly string[], since: number): Promise<boolean> {
  const times = await Promise.all(files.map((file) => stat(file)))
  return times.some(({ ctimeMs }) => ctimeMs > since)
}

/** Each module means the same as at its own place, and what every start needs is there from the beginning. */
const engineModules: Plugin = {
  name: 'engine-modules',
  setup(hooks) {
    hooks.onResolve({ filter: /./ }, async ({ path: wanted, kind, importer, resolveDir, pluginData }) => {
      if (kind !== 'dynamic-import' || pluginData === 'asked' || wanted.startsWith('node:')) return undefined
      const found = await hooks.resolve(wanted, { kind, importer, resolveDir, pluginData: 'asked' })
      // From the cache folder no package is found by its name.
      return { path: found.path ? pathToFileURL(found.path).href : wanted, external: true }
    })
    hooks.onLoad({ filter: /\.([cm]?[jt]s)$/ }, async ({ path: file }) => {
      const source = keepOwnPlace(file, await readFile(file, 'utf8'))
      const loader = /\.[cm]?ts$/.test(file) ? 'ts' : 'js'
      return { contents: isOurs(file) ? withoutDelay(source, file) : source, loader }
    })
  },
}

/** Packages lie in the `node_modules` of a checkout, and beside an installed package or above it. @param ours handed in by tests. */
export function isOurs(file: string, ours = root): boolean {
  const [first, ...below] = path.relative(ours, file).split(path.sep)
  return first !== '..' && first !== 'node_modules' && !below.includes('node_modules')
}

/** Stands for the value that `thread-file` has in the sources. */
function valueOf(thread: ThreadFile): Plugin {
  return {
    name: 'thread-file',
    setup(hooks) {
      hooks.onLoad({ filter: /[\\/]core[\\/]host[\\/]containers[\\/]thread-file\.[jt]s$/ }, () => ({
        contents: `export const threadFile = ${JSON.stringify(thread)}`,
      }))
    },
  }
}

/** On the first line, so that line numbers in stacks stay true. */
function withoutDelay(source: string, file: string): string {
  const imports: string[] = []
  const changed = source.replace(IMPORT, (written, wanted: string) => {
    const place = wanted.startsWith('.') ? path.relative(root, path.resolve(path.dirname(file), wanted)) : wanted
    if (!ALWAYS_LOADED.test(place.replaceAll(path.sep, '/'))) return written
    imports.push(`import * as __iii_loaded_${imports.length} from '${wanted}';`)
    return `Promise.resolve(__iii_loaded_${imports.length - 1})`
  })
  return imports.join(' ') + changed
}

function bannerOf(entry: string): string {
  return (
    `const { createRequire: __iii_createRequire } = process.getBuiltinModule('node:module');` +
    `const require = __iii_createRequire(${JSON.stringify(pathToFileURL(entry).href)});`
  )
}

/** What decides, beside the modules themselves, which ones are found and what is made of them. */
function installedFiles(): string[] {
  const found = WRITERS.map((name) => path.join(import.meta.dirname, `${name}${own}`))
  for (let folder = root; ; folder = path.dirname(folder)) {
    const files = ['package.json', path.join('node_modules', '.package-lock.json')]
    found.push(...files.map((file) => path.join(folder, file)).filter((file) => existsSync(file)))
    if (folder === path.dirname(folder)) return found
  }
}

async function removeOld(folder: string, current: ReadonlySet<string>): Promise<void> {
  await removeLeftovers(folder, /^((main|thread)-|inputs\.json$)/)
  for (const name of await readdir(folder)) {
    if (!/^(main|thread)-/.test(name) || current.has(name)) continue
    const file = path.join(folder, name)
    const { mtimeMs } = await stat(file)
    if (Date.now() - mtimeMs > KEPT_MS) await rm(file, { force: true })
  }
}

if (import.meta.main) {
  os.setPriority(os.constants.priority.PRIORITY_LOW)
  const folder = process.argv[2]!
  const cacheDir = path.resolve(folder, '..', '..')
  const began = Date.now()
  await untilCompiled(cacheDir)
  await writeWarmBundle(folder, began, cacheDir)
}
