// The source files of this project and what they import, for the tests that guard the structure.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const SOURCE_FOLDERS = ['bin', 'base', 'protocol', 'core', 'sdk', 'kit', 'testing', 'plugins', 'bench'] as const

export interface Import {
  /** Relative to the root of the repository. */
  readonly file: string
  readonly specifier: string
  readonly typeOnly: boolean
}

export interface ResolvedImport extends Import {
  /** Relative to the root of the repository; undefined for packages and Node's own modules. */
  readonly target: string | undefined
}

/** What npm has put below a folder is not ours. */
const NOT_INSTALLED = { cwd: ROOT, exclude: ['**/node_modules'] }

/** Files below folders; a file stands for itself. */
export function filesIn(...folders: readonly string[]): string[] {
  return folders
    .flatMap((folder) => (folder.endsWith('.ts') ? [folder] : globSync(`${folder}/**/*.{ts,tsx,mjs}`, NOT_INSTALLED)))
    .filter((file) => !file.includes('fixtures') && !isGenerator(file))
}

/** `build-….mjs` beside what it generates: run by hand when that changes, never by the engine, and not published. */
export function generatorFiles(): string[] {
  return SOURCE_FOLDERS.flatMap((folder) => globSync(`${folder}/**/*.mjs`, { cwd: ROOT })).filter(isGenerator)
}

function isGenerator(file: string): boolean {
  return /\/build-[^/]*\.mjs$/.test(file)
}

export function importsOf(file: string): ResolvedImport[] {
  return importsIn(readFileSync(path.join(ROOT, file), 'utf8')).map((found) => {
    const target = found.specifier.startsWith('.') ? path.join(path.dirname(file), found.specifier) : undefined
    return { ...found, file, target }
  })
}

const STATIC = /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w*{][^'"`;]*?\sfrom\s*)?['"]([^'"]+)['"]/gm
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g
const REQUIRE = /\brequire(?:\.resolve)?\(\s*['"]([^'"]+)['"]\s*\)/g

/** Import statements and calls in a source text; comments and template texts do not count. */
export function importsIn(source: string): Omit<Import, 'file'>[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  const outsideTemplates = code.replace(/`(?:\\.|[^`\\])*`/g, '``')
  return [
    ...[...outsideTemplates.matchAll(STATIC)].map(([, type, specifier]) => ({
      specifier: specifier ?? '',
      typeOnly: type !== undefined,
    })),
    ...[...outsideTemplates.matchAll(DYNAMIC), ...outsideTemplates.matchAll(REQUIRE)].map(([, specifier]) => ({
      specifier: specifier ?? '',
      typeOnly: false,
    })),
  ]
}
