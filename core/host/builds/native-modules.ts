// Leaves native code where it lies: `.node` files, and packages that have some. A bundle loads them as Node does, by `require`.
import { existsSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { extname, isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type * as Esbuild from 'esbuild'
import { NativePackages, readManifest, type NativePackage } from './native-packages.ts'

export interface NativeModulesDeps {
  /** A file that decides about what is loaded, although it is not part of the bundle. */
  onInput(path: string): Promise<void>
}

/** Modules that do nothing but load another one by `require`, so that they can be imported in every way. */
const LOADERS = 'native-code'
/** Marks a question of our own to the compiler. */
const OWN_QUESTION = Symbol('asked for a native package')

interface Loaded {
  readonly package: string | undefined
}

export function nativeModules({ onInput }: NativeModulesDeps): Esbuild.Plugin {
  return {
    name: 'native-modules',
    setup(build) {
      let packages = new NativePackages()
      build.onStart(() => void (packages = new NativePackages()))

      const loader = (path: string, name?: string): Esbuild.OnResolveResult => {
        const pluginData: Loaded = { package: name }
        return { path, namespace: LOADERS, pluginData }
      }
      const fromPackage = async (
        { name, manifest }: NativePackage,
        { path, importer, resolveDir, kind }: Esbuild.OnResolveArgs,
      ): Promise<Esbuild.OnResolveResult> => {
        const found = await build.resolve(path, { importer, resolveDir, kind, pluginData: OWN_QUESTION })
        if (found.errors.length > 0) return { errors: found.errors }
        await Promise.all([onInput(manifest), onInput(found.path)])
        return isEsModule(found.path)
          ? { path: pathToFileURL(found.path).href, external: true }
          : loader(found.path, name)
      }

      build.onResolve({ filter: /./, namespace: LOADERS }, ({ path }) => ({ path, external: true }))
      build.onResolve({ filter: /^[^./]/ }, async (args) => {
        if (args.pluginData === OWN_QUESTION || args.namespace !== 'file' || isBuiltin(args.path)) return undefined
        const native = isAbsolute(args.path) ? undefined : packages.find(args.path, args.resolveDir)
        return native && fromPackage(native, args)
      })
      build.onResolve({ filter: /^\.{0,2}\// }, async ({ path, resolveDir, namespace }) => {
        if (namespace !== 'file') return undefined
        const target = resolve(resolveDir, path)
        const file = target.endsWith('.node') ? target : isNodeFile(target) ? `${target}.node` : undefined
        if (file === undefined) return undefined
        // One for another platform may be missing: whoever asks for it in turn goes on to the next.
        if (existsSync(file)) await onInput(file)
        return loader(file)
      })
      build.onLoad({ filter: /./, namespace: LOADERS }, ({ path, pluginData }) => ({
        contents: loaderText(path, pluginData as Loaded),
        loader: 'js',
      }))
    },
  }
}

/** Written without its ending, as `./build/Release/addon`. */
function isNodeFile(target: string): boolean {
  return extname(target) === '' && existsSync(`${target}.node`)
}

/** Whether Node takes a JavaScript file for an ES module. */
function isEsModule(file: string): boolean {
  if (file.endsWith('.mjs')) return true
  if (!file.endsWith('.js')) return false
  for (let folder = join(file, '..'); ; folder = join(folder, '..')) {
    const manifest = join(folder, 'package.json')
    if (existsSync(manifest)) return readManifest(folder).type === 'module'
    if (folder === join(folder, '..')) return false
  }
}

/** The permission model lets no native code in, and hides the files of packages: neither says why. */
function loaderText(path: string, loaded: Loaded): string {
  const what = loaded.package === undefined ? `the native module ${path}` : `the package '${loaded.package}'`
  const refusal = `${what} has native code, which can't be loaded under 'permissions': remove them from the plugin's entry, or do without it`
  return (
    `if (process.permission !== undefined && !process.permission.has('addon')) throw new Error(${JSON.stringify(refusal)});` +
    `module.exports = require(${JSON.stringify(path)});`
  )
}
