// Gets the bundle of a plugin: from the cache while its inputs are unchanged, else from the compiler. Remembers what to watch.
import { createRequire } from 'node:module'
import { readFile } from 'node:fs/promises'
import { dirname, extname } from 'node:path'
import { contentHash, type Bundle, type PluginDeclaration } from './bundle.ts'
import { BuildCache } from './build-cache.ts'
import { BuildError, PluginBuilder, type EnginePlace } from './build.ts'
import type { PluginSource } from '../table/plugin-source.ts'
import type { WatchedInputs } from './watch-inputs.ts'

export interface PluginBuildsOptions {
  readonly engine: EnginePlace
  readonly engineVersion: string
  readonly projectRoot: string
  /** Undefined: there is no place for one. */
  readonly cacheDir: string | undefined
  /** Told when what is compiled can't be kept. */
  readonly warn?: (problem: string) => void
  /** Compilers kept warm; the least recently used one is closed. Default 16. */
  readonly maxBuilders?: number
}

export class PluginBuilds {
  readonly cache: BuildCache
  readonly #options: PluginBuildsOptions
  /** By entry file, least recently used first. */
  readonly #builders = new Map<string, PluginBuilder>()
  readonly #inputs = new Map<string, WatchedInputs>()
  /** By entry file: instances that are prepared together share what is made for one of them. */
  readonly #underWay = new Map<string, Promise<Bundle>>()

  constructor(options: PluginBuildsOptions) {
    this.#options = options
    const salt = [
      options.engineVersion,
      esbuildVersion(),
      process.versions.node,
      options.engine.root,
      options.engine.pluginModule,
    ]
    this.cache = new BuildCache({
      dir: options.cacheDir,
      salt: salt.join('\n'),
      ...(options.warn !== undefined && { warn: options.warn }),
    })
  }

  /** @throws {BuildError} with file, line and column. */
  bundleOf(source: PluginSource): Promise<Bundle> {
    const { entryFile } = source
    const underWay = this.#underWay.get(entryFile)
    if (underWay !== undefined) return underWay
    const made = this.#make(source).finally(() => this.#underWay.delete(entryFile))
    this.#underWay.set(entryFile, made)
    return made
  }

  async #make(source: PluginSource): Promise<Bundle> {
    const { entryFile } = source
    try {
      if (source.builtIn && extname(entryFile) === '.js') return await this.#ready(entryFile)
      const bundle = (await this.cache.find(entryFile)) ?? (await this.#compile(entryFile))
      this.#inputs.set(source.name, { files: bundle.inputs.map(({ path }) => path), anyBeside: false })
      return bundle
    } catch (error) {
      if (!(error instanceof BuildError)) throw error
      const files = new Set([
        entryFile,
        ...error.inputs.map(({ path }) => path),
        ...(this.#inputs.get(source.name)?.files ?? []),
      ])
      this.#inputs.set(source.name, { files: [...files], anyBeside: true })
      throw error
    }
  }

  /** What decides about the plugin's code as far as it is known. The entry file is named as it was found: it may be a link. */
  inputsOf({ name, entryFile }: PluginSource): WatchedInputs {
    const { files, anyBeside } = this.#inputs.get(name) ?? { files: [], anyBeside: false }
    return { files: [entryFile, ...files], anyBeside }
  }

  /** Best effort, in the background: without it the next start imports the plugin to ask it. */
  remember(source: PluginSource, bundle: Bundle, declaration: PluginDeclaration): void {
    this.cache.remember(source.entryFile, bundle, declaration)
  }

  async close(): Promise<void> {
    const builders = [...this.#builders.values()]
    this.#builders.clear()
    await Promise.all([this.cache.close(), ...builders.map((builder) => builder.close())])
  }

  /** The package holds its plugins as bundles already. */
  async #ready(entryFile: string): Promise<Bundle> {
    const hash = contentHash(await readFile(entryFile)).slice(0, 24)
    const declaration = await this.cache.declarationOf(entryFile, hash)
    return { file: entryFile, hash, inputs: [{ path: entryFile, hash }], declaration }
  }

  async #compile(entryFile: string): Promise<Bundle> {
    const builder =
      this.#builders.get(entryFile) ?? new PluginBuilder(entryFile, this.#options.engine, this.#options.projectRoot)
    this.#builders.delete(entryFile)
    this.#builders.set(entryFile, builder)
    const [oldest] = this.#builders
    if (oldest !== undefined && this.#builders.size > (this.#options.maxBuilders ?? 16)) {
      this.#builders.delete(oldest[0])
      await oldest[1].close()
    }
    const { code, inputs } = await builder.build()
    return this.cache.store(entryFile, code, inputs)
  }
}

/** Read from its package.json: loading the compiler itself costs what a warm cache is there to save. */
function esbuildVersion(): string {
  const { version } = createRequire(import.meta.url)('esbuild/package.json') as { version: string }
  return version
}

/** Folder of a plugin's own files; what lies there may be read by its process. */
export function ownFolder(source: PluginSource): string {
  return source.path === source.entryFile ? dirname(source.entryFile) : source.path
}
