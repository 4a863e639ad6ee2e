// Every import is declared, every declared dependency is used, and what the package runs on is a real dependency of it.
import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { expect, it } from 'vitest'
import { filesIn, generatorFiles, importsOf, ROOT, SOURCE_FOLDERS } from './source-files.ts'

interface Manifest {
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  optionalDependencies?: Record<string, string>
  scripts: Record<string, string>
}
const manifest = readManifest('.')
const runtime = new Set([...Object.keys(manifest.dependencies), ...Object.keys(manifest.optionalDependencies ?? {})])
const development = new Set(Object.keys(manifest.devDependencies))

const published = filesIn(...SOURCE_FOLDERS)
/** The examples that have packages of their own: an application to take along, with its own `package.json`. */
const applications = globSync('examples/*/package.json', { cwd: ROOT }).map((file) => path.dirname(file))
const everything = [...published, ...generatorFiles(), ...filesIn('test', 'scripts', 'examples')].filter(
  (file) => !applications.some((folder) => file.startsWith(`${folder}/`)),
)

/** Packages whose commands are used, not their modules. */
const COMMANDS: Readonly<Record<string, string>> = {
  node: 'node ',
  oxfmt: 'oxfmt',
  oxlint: 'oxlint',
  typescript: 'tsc',
  vitest: 'vitest',
}

function packagesOf(files: readonly string[], withTypes: boolean): Map<string, string> {
  const used = new Map<string, string>()
  for (const file of files) {
    for (const { specifier, target, typeOnly } of importsOf(file)) {
      const name = packageName(specifier)
      if (target !== undefined || isBuiltin(specifier) || name === 'iii-host' || (typeOnly && !withTypes)) continue
      used.set(name, file)
    }
  }
  return used
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

it('what the published code imports is in dependencies', () => {
  const missing = [...packagesOf(published, false)].filter(([name]) => !runtime.has(name))
  expect(missing).toEqual([])
})

it('what tests, scripts, examples and types import is declared somewhere', () => {
  const everywhere = packagesOf(everything, true)
  const missing = [...everywhere].filter(
    ([name]) => !runtime.has(name) && !development.has(name) && !development.has(`@types/${name}`),
  )
  expect(missing).toEqual([])
})

it('every dependency is used by the published code', () => {
  const used = packagesOf(published, false)
  expect([...runtime].filter((name) => !used.has(name))).toEqual([])
})

it('every development dependency is used', () => {
  const used = packagesOf(everything, true)
  const configs = globSync('*.config.ts', { cwd: ROOT }).map((file) => readFileSync(path.join(ROOT, file), 'utf8'))
  const scripts = [...Object.values(manifest.scripts), ...configs].join('\n')
  const unused = [...development].filter((name) => {
    if (name === '@types/node' || (name.startsWith('@types/') && runtime.has(name.slice('@types/'.length))))
      return false
    const command = COMMANDS[name]
    return !used.has(name) && !(command !== undefined && scripts.includes(command))
  })
  expect(unused).toEqual([])
})

it('a package stands in one list only', () => {
  expect([...runtime].filter((name) => development.has(name))).toEqual([])
})

it.each(applications)('%s declares what it imports and nothing else, each in its exact version', (folder) => {
  const { dependencies, devDependencies } = readManifest(folder)
  const used = new Set(packagesOf(filesIn(folder), true).keys())
  // Our own package under the name that the sources of the tutorial give it.
  used.delete('iii-browser-sdk')
  const declared = { ...dependencies, ...devDependencies }
  const withoutTypes = Object.keys(declared).filter((name) => !used.has(name.replace('@types/', '')))
  expect([...used].filter((name) => declared[name] === undefined)).toEqual([])
  expect(withoutTypes).toEqual([])
  expect(Object.values(declared).filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
})

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(ROOT, folder, 'package.json'), 'utf8')) as Manifest
}
