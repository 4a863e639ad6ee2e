// What the package says of itself: complete, and true of what it will hold.
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from './source-files.ts'
import { NEEDED_MAJOR } from '../../bin/node-options.mjs'

interface Export {
  readonly types: string
  readonly default: string
}

const about = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  readonly description: string
  readonly keywords: readonly string[]
  readonly license: string
  readonly author: string
  readonly repository?: unknown
  readonly homepage?: unknown
  readonly bugs?: unknown
  readonly engines: Readonly<Record<string, string>>
  readonly devEngines: { readonly runtime: { readonly name: string; readonly version: string } }
  readonly allowScripts: Readonly<Record<string, boolean>>
  readonly types: string
  readonly sideEffects: readonly string[]
  readonly files: readonly string[]
  readonly exports: Readonly<Record<string, string | Export>>
}
const entries = Object.values(about.exports).filter((each): each is Export => typeof each !== 'string')

it('says what it is, under which license, and for which Node', () => {
  expect(about.description.length).toBeGreaterThan(20)
  expect(about.keywords.length).toBeGreaterThan(3)
  expect(about.license).toBe('Apache-2.0')
  expect(readFileSync(path.join(ROOT, 'LICENSE'), 'utf8')).toContain('Apache License')
  expect(about.author).not.toBe('')
  // Whoever moves the project to a place with an address writes all of them.
  expect([about.repository, about.homepage, about.bugs].map((each) => each === undefined)).toEqual(
    Array.from({ length: 3 }, () => about.repository === undefined),
  )
  expect(about.engines).toHaveProperty('node')
})

it('needs the Node of its launcher where it is installed, and an older one suffices for work on it', () => {
  expect(about.engines).toEqual({ node: `>=${NEEDED_MAJOR}` })
  // npm asks `devEngines` instead of `engines` in the project itself.
  expect(about.devEngines.runtime).toMatchObject({ name: 'node', version: '>=20' })
})

it.each(['.', 'examples/todo'])(
  '%s says of each dependency with an install script whether it may run: npm asks about none',
  (folder) => {
    const read = (file: string): unknown => JSON.parse(readFileSync(path.join(ROOT, folder, file), 'utf8'))
    const { packages } = read('package-lock.json') as {
      packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>
    }
    const { allowScripts } = read('package.json') as Pick<typeof about, 'allowScripts'>
    const withScript = Object.entries(packages).flatMap(([place, { hasInstallScript }]) =>
      hasInstallScript === true && place !== '' ? [place.split('node_modules/').at(-1) ?? ''] : [],
    )
    expect(Object.keys(allowScripts).sort()).toEqual(withScript.sort())
  },
)

it('every export has types, and is compiled from a source that is there', () => {
  for (const entry of entries) {
    const source = entry.default.replace('./dist/', '').replace(/\.js$/, '.ts')
    expect(existsSync(path.join(ROOT, source)), source).toBe(true)
    // These types know what the engine and its built-in workers provide, which what runs must not import.
    const types = entry.types.replace('./dist/', '').replace(/\.d\.ts$/, '.ts')
    expect(existsSync(path.join(ROOT, types)), types).toBe(true)
    if (!['plugin.ts', 'sdk.ts', 'browser.ts'].includes(types)) expect(types).toBe(source)
  }
})

it('the types for readers of old are those of the main export', () => {
  expect(about.types).toBe((about.exports['.'] as Export).types)
})

it('holds the documentation, and everything that it names', () => {
  expect(about.files).toEqual(
    expect.arrayContaining(['dist', 'docs', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md']),
  )
  for (const file of about.files.filter((each) => each !== 'dist')) expect(existsSync(path.join(ROOT, file))).toBe(true)
})

it('holds the launcher with all that it imports before there is anything compiled', () => {
  const plain = globSync('bin/*.mjs', { cwd: ROOT }).sort()
  expect(about.files.filter((file) => file.startsWith('bin/')).sort()).toEqual(plain)
})

it('only programs do something when they are loaded: no module of the library is among them', () => {
  for (const { default: file } of entries)
    expect(about.sideEffects.some((pattern) => path.matchesGlob(file, pattern))).toBe(false)
})
