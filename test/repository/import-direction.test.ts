// Imports point one way: bin → core → protocol, plugins → kit → sdk → protocol (docs/architecture.md).
import { describe, expect, it } from 'vitest'
import { filesIn, importsIn, importsOf, SOURCE_FOLDERS, type ResolvedImport } from './source-files.ts'

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  core: ['protocol'],
  bin: ['core', 'protocol', 'bench'],
  sdk: ['protocol'],
  kit: ['sdk', 'protocol'],
  plugins: ['kit', 'sdk', 'protocol'],
  bench: ['bin', 'core', 'protocol', 'sdk', 'kit', 'plugins'],
}
/** `protocol/` knows bytes and shapes, no I/O. */
const IO_MODULES = /^(node:)?(fs|net|http|https|http2|tls|dgram|child_process|cluster|sqlite)(\/|$)|^ws$/

function problemOf(found: ResolvedImport): string | undefined {
  const { file, target, specifier, typeOnly } = found
  const from = file.split('/')[0] ?? ''
  if (target === undefined) {
    return from === 'protocol' && IO_MODULES.test(specifier) && !typeOnly
      ? `${file}: protocol/ does no I/O, but imports ${specifier}`
      : undefined
  }
  if (target.startsWith('..')) return `${file}: ${specifier} leaves the repository`
  const to = target.split('/')[0] ?? ''
  if (from === 'plugins' && to === 'plugins') {
    const same = file.split('/')[1] === target.split('/')[1]
    return same ? undefined : `${file}: one plugin imports another, ${target}; what they share belongs to kit/`
  }
  if (from === to || MAY_IMPORT[from]?.includes(to)) return undefined
  if (to === 'sdk' && typeOnly && (from === 'core' || from === 'bin')) return undefined
  if (to === 'sdk' && from === 'core' && runsPlugins(file)) return undefined
  return `${file}: ${from}/ must not import ${target}`
}

/** The files that run inside a plugin's thread or process, and hand it the `iii` handle. */
function runsPlugins(file: string): boolean {
  return /^core\/host\/((thread|process)-|plugin-runner)/.test(file)
}

it.each(SOURCE_FOLDERS)('%s/ imports only what it may', (folder) => {
  expect(
    filesIn(folder)
      .flatMap(importsOf)
      .map(problemOf)
      .filter((problem) => problem !== undefined),
  ).toEqual([])
})

it('examples/ use the published names only, as their readers do', () => {
  const relative = filesIn('examples')
    .flatMap(importsOf)
    .filter(({ target }) => target !== undefined && !target.startsWith('examples/'))
  expect(relative).toEqual([])
})

describe('the rules themselves', () => {
  const check = (file: string, target: string, typeOnly = false) =>
    problemOf({ file, target, specifier: target, typeOnly })

  it.each([
    ['protocol/a.ts', 'core/b.ts'],
    ['core/a.ts', 'bin/b.ts'],
    ['core/a.ts', 'sdk/plugin.ts'],
    ['sdk/a.ts', 'core/b.ts'],
    ['kit/a.ts', 'plugins/state/b.ts'],
    ['plugins/state/a.ts', 'plugins/queue/b.ts'],
    ['plugins/state/a.ts', 'core/b.ts'],
    ['bin/a.ts', '../elsewhere.ts'],
  ])('%s → %s is refused', (file, target) => {
    expect(check(file, target)).toContain(file)
  })
  it('types of sdk are allowed in core, and all of it in the files that run plugins', () => {
    expect(check('core/a.ts', 'sdk/plugin.ts', true)).toBeUndefined()
    expect(check('core/host/thread-main.ts', 'sdk/handle.ts')).toBeUndefined()
  })
  it('imports are found in every form, and not in comments or templates', () => {
    const source = [
      `import a from 'a'`,
      `import type { B } from 'b'`,
      `import 'c'`,
      `export { d } from 'd'`,
      `export * from 'e'`,
      `import {`,
      `  f,`,
      `} from 'f'`,
      `const g = await import('g')`,
      `const h = require('h')`,
      `// import x from 'not-1'`,
      `/* import x from 'not-2' */`,
      'const text = `',
      `import x from 'not-3'`,
      '`',
      `export const from = 'not-4'`,
    ].join('\n')
    expect(importsIn(source).map(({ specifier }) => specifier)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])
    expect(importsIn(source).filter(({ typeOnly }) => typeOnly)).toEqual([{ specifier: 'b', typeOnly: true }])
  })
})
