// Compiles one plugin into one module with esbuild, which is loaded on first use. Where bundles are kept: `build-cache.ts`.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import type * as Esbuild from 'esbuild'
import { CodedError } from '../../../protocol/errors.ts'
import { contentHash, type InputFile } from './bundle.ts'
import { missingFiles } from './missing-files.ts'
import { keepOwnPlace } from './module-rewrite.ts'
import { nativeModules } from './native-modules.ts'
import { PathAliases, pathAliases } from './path-aliases.ts'

export interface EnginePlace {
  /** Absolute path of the folder that holds `sdk/`, `protocol/` and `base/`. */
  readonly root: string
  /** Absolute path of the module that `iii-host/plugin` names. */
  readonly pluginModule: string
}

/**
 * PLUGIN_BUILD_FAILED; the message names file, line and column. `inputs` are the files to watch for a mended version, those that were
 * not found included.
 */
export class BuildError extends CodedError {
  readonly inputs: readonly InputFile[]

  constructor(message: string, inputs: readonly InputFile[], options?: ErrorOptions) {
    super('PLUGIN_BUILD_FAILED', message, options)
    this.inputs = inputs
  }
}

export interface BuildOutput {
  readonly code: Uint8Array
  readonly inputs: readonly InputFile[]
}

const LOADERS: Readonly<Record<string, Esbuild.Loader>> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.jsx': 'jsx',
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
  '.json': 'json',
  '.wasm': 'binary',
  '.txt': 'text',
  '.md': 'text',
  '.sql': 'text',
  '.html': 'text',
  '.css': 'text',
}

/** Bundled CommonJS code calls `require` for what stays outside (Node's own and native modules); an ES module has none. */
const requireFrom = (entryFile: string): string =>
  `import { createRequire as __iii_createRequire } from 'node:module';` +
  `const require = __iii_createRequire(${JSON.stringify(pathToFileURL(entryFile).href)});`

/** The compiler of one plugin. It keeps what it parsed, so that the build after a saved file costs only that file. */
export class PluginBuilder {
  readonly #entryFile: string
  readonly #engine: EnginePlace
  readonly #projectRoot: string
  readonly #aliases: PathAliases
  #context: Promise<Esbuild.BuildContext> | undefined
  #inputs = new Map<string, string>()

  constructor(entryFile: string, engine: EnginePlace, projectRoot: string) {
    this.#entryFile = entryFile
    this.#engine = engine
    this.#projectRoot = projectRoot
    this.#aliases = new PathAliases(dirname(entryFile))
  }

  /** @throws {BuildError} */
  async build(): Promise<BuildOutput> {
    this.#context ??= this.#open()
    const context = await this.#context
    this.#inputs = new Map()
    try {
      const result = await context.rebuild()
      const code = result.outputFiles?.[0]?.contents
      if (code === undefined)
        throw new BuildError(`${this.#entryFile}: the compiler gave no output`, this.#listInputs())
      return { code, inputs: this.#listInputs() }
    } catch (error) {
      if (!isBuildFailure(error)) throw error
      const missing = missingFiles(error.errors, this.#projectRoot)
      const deciding = missing.length === 0 ? [] : [...missing, ...this.#aliases.files]
      const inputs = [...this.#listInputs(), ...deciding.map((path) => ({ path, hash: '' }))]
      throw new BuildError(this.#describe(error.errors), inputs, { cause: error })
    }
  }

  async close(): Promise<void> {
    const context = await this.#context?.catch(() => undefined)
    this.#context = undefined
    await context?.dispose()
  }

  #listInputs(): InputFile[] {
    return [...this.#inputs].map(([path, hash]) => ({ path, hash }))
  }

  #describe(errors: readonly Esbuild.Message[]): string {
    const described = errors.slice(0, 5).map(({ text, location }) => {
      if (location === null) return `${this.#entryFile}: ${text}`
      const path = resolve(this.#projectRoot, location.file)
      const shown = relative(this.#projectRoot, path)
      return `${shown.startsWith('..') || isAbsolute(shown) ? path : shown}:${location.line}:${location.column + 1}: ${text}`
    })
    const more = errors.length - described.length
    const { problem } = this.#aliases
    return (
      described.join('; ') + (more > 0 ? `; and ${more} more` : '') + (problem === undefined ? '' : ` (${problem})`)
    )
  }

  async #open(): Promise<Esbuild.BuildContext> {
    const esbuild = await import('esbuild')
    const noteInput = async (path: string): Promise<void> => void (await this.#readInput(path))
    return esbuild.context({
      entryPoints: [this.#entryFile],
      absWorkingDir: this.#projectRoot,
      bundle: true,
      write: false,
      outfile: join(dirname(this.#entryFile), 'plugin.mjs'),
      format: 'esm',
      platform: 'node',
      target: `node${process.versions.node}`,
      // Maps of the built-ins would cost every engine 5 MB; as in the package, their stacks name the bundle.
      sourcemap: this.#isEngineSource(this.#entryFile) ? false : 'inline',
      sourcesContent: false,
      // The bundle lies elsewhere; stacks are to name the files that the author knows.
      sourceRoot: pathToFileURL(dirname(this.#entryFile) + sep).href,
      // What a plugin is must not depend on settings that lie above its own files. Of those its `paths` alone count.
      tsconfigRaw: '{}',
      banner: { js: requireFrom(this.#entryFile) },
      logLevel: 'silent',
      plugins: [
        this.#engineModules(),
        pathAliases(this.#aliases, noteInput),
        nativeModules({ onInput: noteInput }),
        this.#sources(),
      ],
    })
  }

  /**
   * The engine's own sdk, protocol and base stay outside: the host thread has loaded them, and classes such as `CodedError` must be
   * the very same on both sides. Its kit goes into the bundle, and of it what the plugin uses. Packages that a built-in or the kit
   * loads only when it needs them stay outside as well.
   */
  #engineModules(): Esbuild.Plugin {
    const shared = ['sdk', 'protocol', 'base'].map((folder) => resolve(this.#engine.root, folder) + sep)
    const kit = resolve(this.#engine.root, 'kit') + sep
    const kitModule = join(kit, `index${extname(this.#engine.pluginModule)}`)
    const outside = (path: string, kind: Esbuild.ImportKind): Esbuild.OnResolveResult => ({
      path: kind === 'require-call' || kind === 'require-resolve' ? path : pathToFileURL(path).href,
      external: true,
    })
    return {
      name: 'engine-modules',
      setup: (build) => {
        build.onResolve({ filter: /^iii-host\/plugin$/ }, ({ kind }) => outside(this.#engine.pluginModule, kind))
        build.onResolve({ filter: /^iii-host\/kit$/ }, () => ({ path: kitModule, sideEffects: false }))
        build.onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
          if (kind !== 'dynamic-import' || path.startsWith('node:') || !this.#isEngineSource(importer)) return undefined
          return outside(createRequire(importer).resolve(path), kind)
        })
        build.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir, kind }) => {
          const target = resolve(resolveDir, path)
          if (target.startsWith(kit)) return { path: target, sideEffects: false }
          return shared.some((folder) => target.startsWith(folder))
            ? { ...outside(target, kind), sideEffects: false }
            : undefined
        })
      },
    }
  }

  #isEngineSource(file: string): boolean {
    const path = relative(this.#engine.root, file)
    if (/^kit[\\/]/.test(path)) return true
    return /^plugins[\\/]/.test(path) && this.#entryFile.startsWith(join(this.#engine.root, 'plugins') + sep)
  }

  async #readInput(path: string): Promise<Buffer> {
    const content = await readFile(path)
    this.#inputs.set(path, contentHash(content))
    return content
  }

  /** Reads each input itself: the hash is then that of the very bytes that were compiled, whatever is saved meanwhile. */
  #sources(): Esbuild.Plugin {
    return {
      name: 'sources',
      setup: (build) => {
        build.onLoad({ filter: /.*/, namespace: 'file' }, async ({ path }) => {
          const loader = LOADERS[extname(path)]
          const content = await this.#readInput(path)
          if (loader === undefined) {
            return { errors: [{ text: `files of type '${extname(path)}' can't be imported by a plugin: ${path}` }] }
          }
          const isCode = loader === 'js' || loader === 'ts' || loader === 'jsx' || loader === 'tsx'
          return { contents: isCode ? keepOwnPlace(path, content.toString()) : content, loader }
        })
      },
    }
  }
}

function isBuildFailure(error: unknown): error is Esbuild.BuildFailure {
  return error instanceof Error && Array.isArray((error as Partial<Esbuild.BuildFailure>).errors)
}
