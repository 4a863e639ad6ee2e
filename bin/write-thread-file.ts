// The inside of a thread of plugins as one file: its own modules and those of `sdk/`, `protocol/` and `base/` that the built-in plugins
// of the user import. What else imports these by their addresses gets the same (`core/host/inside/thread-main.mjs`).
import { build, type BuildOptions, type Plugin } from 'esbuild'
import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { setTimeout as elapse } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { signatureOf } from '../base/files/file-signature.ts'
import { enginePlace } from '../core/engine-place.ts'
import { keepOwnPlace } from '../core/host/builds/module-rewrite.ts'
import { PluginBuilds } from '../core/host/builds/plugin-builds.ts'
import type { ThreadFile } from '../core/host/containers/thread-file.ts'
import { BUILT_INS } from '../plugins/built-ins.ts'
import type { BuiltIn } from '../sdk/built-in.ts'
import { nodeModules, withoutFacades } from './node-facades.ts'

export interface ThreadFileOptions {
  /** Where the engine keeps compiled plugins. */
  readonly cacheDir: string
  /** Where the files are going to be. */
  readonly folder: string
  /** How the modules of the engine are compiled. */
  readonly compiling: BuildOptions
}

export interface WrittenThreadFile {
  readonly value: ThreadFile
  /** Name and content. */
  readonly files: readonly (readonly [name: string, content: Uint8Array])[]
  /** Absolute paths of what it was made of. */
  readonly inputs: readonly string[]
}

/**
 * Without comments. One letter in them that is not of Latin script has V8 keep two bytes for each of the whole file, as long as it runs.
 */
export const COMPACT = { minifyWhitespace: true, charset: 'ascii', lineLimit: 160 } as const satisfies BuildOptions

const LOOK_MS = 1_000
const LOOKS = 30
/** So many in a row without a further one. */
const QUIET_LOOKS = 5

const root = fileURLToPath(new URL('..', import.meta.url))
/** Stands for the source of the file with the built-in plugins. */
const BUILT_INS_ENTRY = 'built-ins-file.js'
const own = path.extname(import.meta.filename)
const threadSide = path.join(root, 'core', 'host', 'inside', `thread-side${own}`)

export async function makeThreadFile({ cacheDir, folder, compiling }: ThreadFileOptions): Promise<WrittenThreadFile> {
  const bundles = await compiledBuiltIns(cacheDir)
  const signatures = bundles.map((bundle) => signatureOf(statSync(bundle)))
  const shared = await sharedModules(bundles)
  const names = await exportedNames(shared)
  const { code, map, inputs } = await compileThread(names, compiling)
  const name = `thread-${hashOf(code)}`
  const url = pathToFileURL(path.join(folder, `${name}.mjs`)).href
  const builtIns = await compileBuiltIns(bundles, names, url)
  const copy = `${name}-${hashOf(builtIns)}.mjs`
  const plugins = bundles.map((bundle, index) => [pathToFileURL(bundle).href, signatures[index]!] as const)
  return {
    value: {
      url,
      builtIns: pathToFileURL(path.join(folder, copy)).href,
      plugins: Object.fromEntries(plugins),
    },
    files: [
      [`${name}.mjs.map`, map],
      [`${name}.mjs`, withMap(code, `${name}.mjs.map`)],
      [copy, builtIns],
    ],
    inputs,
  }
}

/**
 * An engine that starts for the first time may still be compiling them. One that uses some of them only is not waited for once it has
 * compiled no other for a while.
 */
export async function untilCompiled(
  cacheDir: string,
  pause: () => Promise<unknown> = () => elapse(LOOK_MS),
): Promise<void> {
  const usual = BUILT_INS.filter(({ about }) => about.isDefault || about.mandatory)
  let found = 0
  let quiet = 0
  for (let look = 1; ; look++) {
    const { length } = await compiledBuiltIns(cacheDir, usual)
    quiet = length === found ? quiet + 1 : 0
    found = length
    if (found === usual.length || look === LOOKS || (found > 0 && quiet === QUIET_LOOKS)) return
    await pause()
  }
}

/** Those that an engine has started with already. */
async function compiledBuiltIns(cacheDir: string, builtIns: readonly BuiltIn[] = BUILT_INS): Promise<string[]> {
  const engine = enginePlace()
  const builds = new PluginBuilds({ engine, engineVersion: engine.version, projectRoot: root, cacheDir })
  const entries = builtIns.map(({ folder }) => path.join(folder, `index${own}`))
  const found = await Promise.all(
    entries.map(async (entry) => (own === '.js' ? entry : (await builds.cache.find(entry))?.file)),
  )
  await builds.close()
  return found.filter((file): file is string => file !== undefined && existsSync(file))
}

/** Those of the thread itself, and all that the plugins import. */
async function sharedModules(bundles: readonly string[]): Promise<string[]> {
  const imported = await Promise.all(bundles.map(importsOf))
  const entries = [threadSide, ...new Set(imported.flatMap((urls) => [...urls].map((url) => fileURLToPath(url))))]
  const { metafile } = await build({
    ...QUIET,
    entryPoints: entries,
    absWorkingDir: root,
    outdir: root,
    packages: 'external',
    metafile: true,
  })
  return Object.keys(metafile.inputs).map((file) => path.resolve(root, file))
}

/** Modules of `sdk/`, `protocol/` and `base/`, by URL. */
async function importsOf(bundle: string): Promise<Set<string>> {
  const found = new Set<string>()
  const note: Plugin = {
    name: 'note',
    setup: (hooks) =>
      onImport(hooks, (url, isStatic) => {
        if (isStatic && isOfEngine(url)) found.add(url)
        return { path: url, external: true }
      }),
  }
  await build({ ...QUIET, entryPoints: [bundle], plugins: [note] })
  return found
}

const QUIET = {
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'node',
  target: `node${process.versions.node}`,
  logLevel: 'silent',
} as const satisfies BuildOptions

function onImport(
  hooks: Parameters<Plugin['setup']>[0],
  decide: (url: string, isStatic: boolean) => { path: string; external?: boolean; namespace?: string },
): void {
  hooks.onResolve({ filter: /./ }, async ({ path: wanted, kind, importer, resolveDir, pluginData }) => {
    if (kind === 'entry-point' || pluginData === 'asked' || isBuiltin(wanted)) return undefined
    if (kind === 'require-call' || kind === 'require-resolve') return { path: wanted, external: true }
    const isStatic = kind === 'import-statement'
    if (wanted.startsWith('file:')) return decide(wanted, isStatic)
    const found = await hooks.resolve(wanted, { kind, importer, resolveDir, pluginData: 'asked' })
    return found.path ? decide(pathToFileURL(found.path).href, isStatic) : { path: wanted, external: true }
  })
}

function isOfEngine(url: string): boolean {
  const [top] = path.relative(root, fileURLToPath(url)).split(path.sep)
  return top === 'sdk' || top === 'protocol' || top === 'base'
}

type Names = ReadonlyMap<string, { readonly prefix: string; readonly names: readonly string[] }>

async function exportedNames(modules: readonly string[]): Promise<Names> {
  const { metafile } = await build({
    ...QUIET,
    entryPoints: [...modules],
    absWorkingDir: root,
    outdir: root,
    packages: 'external',
    metafile: true,
  })
  const found = new Map<string, readonly string[]>()
  for (const { entryPoint, exports } of Object.values(metafile.outputs))
    if (entryPoint !== undefined) found.set(path.resolve(root, entryPoint), exports)
  return new Map(
    modules.map((file, index) => [pathToFileURL(file).href, { prefix: `m${index}_`, names: found.get(file) ?? [] }]),
  )
}

async function compileThread(
  names: Names,
  compiling: BuildOptions,
): Promise<{ code: Uint8Array; map: Uint8Array; inputs: string[] }> {
  const lines = [...names].map(([url, { prefix, names: exported }]) => {
    const list = exported.map((name) => `${name} as ${prefix}${name}`).join(', ')
    const from = JSON.stringify(fileURLToPath(url))
    return exported.length === 0 ? `import ${from}` : `export { ${list} } from ${from}`
  })
  const addresses = Object.fromEntries(
    [...names].map(([url, { prefix, names: exported }]) => [url, [prefix, exported]]),
  )
  lines.push(
    `export { serveThread } from ${JSON.stringify(threadSide)}`,
    `export const addresses = ${JSON.stringify(addresses)}`,
  )
  const { outputFiles, metafile } = await build({
    ...compiling,
    stdin: { contents: lines.join('\n'), resolveDir: root, sourcefile: 'thread-file.js', loader: 'js' },
    plugins: [lateSockets, ...(compiling.plugins ?? [])],
    metafile: true,
    write: false,
  })
  const [map, code] = ['.map', '.mjs'].map((end) => outputFiles!.find(({ path: file }) => file.endsWith(end))!)
  const inputs = Object.keys(metafile!.inputs).filter((file) => !/^(thread-file\.js$|late:)/.test(file))
  return {
    code: Buffer.from(withoutFacades(code!.text)),
    map: map!.contents,
    inputs: inputs.map((file) => path.resolve(root, file)),
  }
}

/** Most threads open no WebSocket, and what `ws` imports of Node takes them 10 ms. */
const lateSockets: Plugin = {
  name: 'late-sockets',
  setup(hooks) {
    hooks.onResolve({ filter: /^ws$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'ws', namespace: 'late' } : undefined,
    )
    hooks.onLoad({ filter: /./, namespace: 'late' }, () => ({
      contents: `
        export function WebSocket(...given) { return new (require('ws').WebSocket)(...given) }
        export { WebSocket as default }
        Object.assign(WebSocket, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 })
        export function WebSocketServer(...given) { return new (require('ws').WebSocketServer)(...given) }`,
      resolveDir: root,
    }))
  },
}

/** Copies of the built-in plugins in one file, whose imports lead to that of the thread. Each is evaluated when it is asked for. */
async function compileBuiltIns(bundles: readonly string[], names: Names, threadUrl: string): Promise<Uint8Array> {
  const lead: Plugin = {
    name: 'lead',
    setup: (hooks) => {
      // The plugins themselves; what they import on demand stays where it is.
      hooks.onResolve({ filter: /./ }, ({ path: wanted, importer, kind }) =>
        kind === 'dynamic-import' && importer.endsWith(BUILT_INS_ENTRY) ? { path: wanted } : undefined,
      )
      onImport(hooks, (url, isStatic) =>
        isStatic && names.has(url) ? { path: url, namespace: 'shared' } : { path: url, external: true },
      )
      hooks.onLoad({ filter: /./, namespace: 'shared' }, ({ path: url }) => {
        const { prefix, names: exported } = names.get(url)!
        const list = exported.map((name) => `${prefix}${name} as ${name}`).join(', ')
        return { contents: `export { ${list} } from ${JSON.stringify(threadUrl)}` }
      })
      hooks.onLoad({ filter: /\.m?js$/ }, async ({ path: file }) => ({
        contents: keepOwnPlace(file, await readFile(file, 'utf8')),
      }))
    },
  }
  const each = bundles.map((file) => {
    return `${JSON.stringify(pathToFileURL(file).href)}: () => import(${JSON.stringify(file)})`
  })
  const { outputFiles } = await build({
    ...QUIET,
    ...COMPACT,
    // As in the other files: names are shown to people, and several plugins may have one.
    keepNames: true,
    stdin: {
      contents: `export const plugins = { ${each.join(', ')} }`,
      resolveDir: root,
      sourcefile: BUILT_INS_ENTRY,
      loader: 'js',
    },
    plugins: [nodeModules, lead],
  })
  return Buffer.from(withoutFacades(outputFiles[0]!.text))
}

function withMap(code: Uint8Array, map: string): Uint8Array {
  return Buffer.concat([code, Buffer.from(`//# sourceMappingURL=${map}\n`)])
}

function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16)
}
