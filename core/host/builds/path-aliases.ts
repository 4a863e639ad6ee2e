// The `paths` of the tsconfig.json (or jsconfig.json) that an editor goes by for a plugin: what resolves there is to resolve here.
// Nothing else of that file counts for a build.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import type * as Esbuild from 'esbuild'
import { isRecord } from '../../../base/values/is-record.ts'
import { parseJsonWithComments } from '../../../base/values/json-with-comments.ts'

interface Aliases {
  /** Absolute paths of the file and of those that it extends. */
  readonly files: readonly string[]
  /** Folder that the targets are relative to. */
  readonly base: string
  readonly paths: Readonly<Record<string, readonly string[]>>
}

const NAMES = ['tsconfig.json', 'jsconfig.json']
/** Files that extend one another. */
const MAX_CHAIN = 16

export class PathAliases {
  readonly #folder: string
  #aliases: Aliases | undefined
  #problem: string | undefined

  /** @param folder of the plugin's entry file */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Files that decide about the aliases, as far as they could be read. */
  get files(): readonly string[] {
    return this.#aliases?.files ?? []
  }

  /** Why the file could not be read. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Reads the file as it is now. */
  load(): void {
    this.#aliases = undefined
    this.#problem = undefined
    const file = nearest(this.#folder)
    if (file === undefined) return
    try {
      this.#aliases = readAliases(file)
    } catch (error) {
      this.#problem = `${file} can't be read: ${(error as Error).message}`
      this.#aliases = { files: [file], base: dirname(file), paths: {} }
    }
  }

  /** Absolute paths to try for a specifier, the best one first: a pattern without `*` before others, then the longest. */
  candidates(specifier: string): string[] {
    if (this.#aliases === undefined) return []
    const { paths, base } = this.#aliases
    const matches = Object.keys(paths).flatMap((pattern) => {
      const [before = '', after] = pattern.split('*')
      if (after === undefined) return pattern === specifier ? [{ pattern, rank: Infinity, inner: '' }] : []
      const isLong = specifier.length >= before.length + after.length
      if (!isLong || !specifier.startsWith(before) || !specifier.endsWith(after)) return []
      return [{ pattern, rank: before.length, inner: specifier.slice(before.length, specifier.length - after.length) }]
    })
    const best = matches.sort((a, b) => b.rank - a.rank)[0]
    return best === undefined
      ? []
      : (paths[best.pattern] ?? []).map((target) => resolve(base, target.replace('*', best.inner)))
  }
}

/** Resolves by the aliases what the plugin's own files import. Packages have aliases of their own, if any. */
export function pathAliases(aliases: PathAliases, onInput: (path: string) => Promise<void>): Esbuild.Plugin {
  return {
    name: 'path-aliases',
    setup(build) {
      build.onStart(() => aliases.load())
      build.onResolve({ filter: /^[^./]/ }, async ({ path, importer, kind, namespace }) => {
        if (namespace !== 'file' || importer.split(sep).includes('node_modules')) return undefined
        for (const candidate of aliases.candidates(path)) {
          const resolveDir = dirname(candidate)
          const found = await build.resolve(`./${relative(resolveDir, candidate)}`, { importer, resolveDir, kind })
          if (found.errors.length > 0) continue
          await Promise.all(aliases.files.map(onInput))
          const { errors: _errors, warnings: _warnings, suffix: _suffix, ...result } = found
          return result
        }
        return undefined
      })
    },
  }
}

function nearest(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const found = NAMES.map((name) => join(at, name)).find((file) => existsSync(file))
    if (found !== undefined || at === dirname(at)) return found
  }
}

/** The paths of the file itself count, else those of the last one that it extends and that has some. */
function readAliases(file: string, files: string[] = []): Aliases {
  if (files.includes(file) || files.length >= MAX_CHAIN)
    throw new Error(`too many files extend each other: ${files.join(', ')}`)
  files.push(file)
  const config = parseJsonWithComments(readFileSync(file, 'utf8'))
  if (!isRecord(config)) throw new Error('it is no JSON object')
  const options = isRecord(config['compilerOptions']) ? config['compilerOptions'] : {}
  const written = [config['extends'] ?? []].flat().filter((each): each is string => typeof each === 'string')
  const inherited = written
    .map((each) => readAliases(extended(each, file), files))
    .findLast(({ paths }) => Object.keys(paths).length > 0)
  const { paths, baseUrl } = options
  if (!isRecord(paths)) return { base: dirname(file), paths: {}, ...inherited, files }
  const base = typeof baseUrl === 'string' ? resolve(dirname(file), baseUrl) : dirname(file)
  const lists = Object.entries(paths).filter((entry): entry is [string, string[]] => Array.isArray(entry[1]))
  return { files, base, paths: Object.fromEntries(lists) }
}

function extended(written: string, from: string): string {
  const isFile = written.startsWith('.') || isAbsolute(written)
  if (!isFile) return createRequire(from).resolve(written.endsWith('.json') ? written : `${written}/tsconfig.json`)
  const file = resolve(dirname(from), written)
  return existsSync(file) || file.endsWith('.json') ? file : `${file}.json`
}
