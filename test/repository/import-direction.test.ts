// Imports point one way: base ← protocol ← sdk ← kit ← plugins, base, protocol ← core ← bin, and inside the core
// model ← registry ← router ← links, gateway, host, discovery, seats, health ← engine (docs/architecture.md).
import { describe, expect, it } from 'vitest'
import { filesIn, importsIn, importsOf, SOURCE_FOLDERS, type ResolvedImport } from './source-files.ts'

/** The tables of workers are handed to the core from outside, by these alone. */
const TABLES = ['plugins/built-ins.ts', 'plugins/absent-workers.ts']
/** What registries tell of all built-in workers: plain data, which plugins hand to them. */
const ENGINE_WORKERS = 'plugins/engine-workers/'
/** Types of functions and trigger types by their ids, beside those who provide them. */
const KNOWN_IDS = ['core/engine-functions/known-ids.generated.ts', 'plugins/known-ids.generated.ts']
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  protocol: ['base'],
  core: ['protocol', 'base'],
  'index.ts': ['core', ...TABLES],
  'plugin.ts': ['sdk', ...KNOWN_IDS],
  'sdk.ts': ['sdk', ...KNOWN_IDS],
  'browser.ts': ['sdk', ...KNOWN_IDS],
  bin: ['index.ts', ...TABLES, 'core', 'protocol', 'base', 'bench'],
  sdk: ['protocol', 'base'],
  kit: ['sdk', 'protocol', 'base'],
  testing: ['core', 'kit', 'sdk', 'protocol', 'base'],
  plugins: ['kit', 'sdk', 'protocol', 'base'],
  bench: ['index.ts', 'bin', 'core', 'protocol', 'base', 'sdk', 'kit', 'plugins'],
}
/** The rooms of the core, each with those that it may import; files beside the rooms are named by themselves. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  model: [],
  registry: ['model'],
  telemetry: ['model'],
  router: ['model', 'registry', 'telemetry'],
  links: ['model', 'router'],
  channels: ['model', 'router', 'links'],
  seats: ['model', 'registry', 'router', 'telemetry', 'config'],
  discovery: ['model', 'registry', 'router', 'telemetry'],
  config: ['model'],
  health: ['model', 'config', 'engine-functions'],
  gateway: ['model', 'registry', 'router', 'links', 'channels', 'seats', 'telemetry', 'config'],
  host: ['model', 'registry', 'router', 'links', 'seats', 'telemetry', 'config'],
  'engine-functions': ['model', 'registry', 'router', 'discovery', 'channels', 'seats', 'telemetry', 'config'],
}
/** Files of the core that belong to no room and may be used by all: they import nothing of the core. */
const EVERYWHERE = ['core/log.ts', 'core/version.ts', 'core/start-error.ts']
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
  if (MAY_IMPORT[from]?.includes(target)) return undefined
  if (from === 'plugins' && to === 'plugins') {
    // The table collects what the plugins say of themselves; a scenario of the benchmark is no part of what runs.
    if (file === TABLES[0]) return /^plugins\/[^/]+\/about\.ts$/.test(target) ? undefined : `${file}: imports ${target}`
    if (file === KNOWN_IDS[1] || target.startsWith(ENGINE_WORKERS)) return undefined
    const same = file.split('/')[1] === target.split('/')[1]
    return same ? undefined : `${file}: one plugin imports another, ${target}; what they share belongs to kit/`
  }
  if (from === 'core' && to === 'core') return roomProblem(file, target)
  if (from === to || MAY_IMPORT[from]?.includes(to)) return undefined
  if (to === 'sdk' && typeOnly && (from === 'core' || from === 'bin')) return undefined
  if (to === 'bench' && /^plugins\/[^/]+\/bench\//.test(file)) return undefined
  if (to === 'sdk' && from === 'core' && runsPlugins(file)) return undefined
  return `${file}: ${from}/ must not import ${target}`
}

function roomProblem(file: string, target: string): string | undefined {
  const from = roomOf(file)
  const to = roomOf(target)
  if (EVERYWHERE.includes(file)) return `${file}: is used by all rooms, but imports ${target}`
  // What stands beside the rooms puts them together.
  if (from === undefined || from === to || EVERYWHERE.includes(target)) return undefined
  if (to !== undefined && ROOMS[from]?.includes(to)) return undefined
  return `${file}: core/${from}/ must not import ${target}`
}

function roomOf(file: string): string | undefined {
  const parts = file.split('/')
  return parts.length > 2 ? parts[1] : undefined
}

/** The files that run inside a plugin's thread or process, and hand it the `iii` handle. */
function runsPlugins(file: string): boolean {
  return file.startsWith('core/host/inside/')
}

it.each([...SOURCE_FOLDERS, 'index.ts', 'plugin.ts', 'sdk.ts', 'browser.ts'])(
  '%s imports only what it may',
  (folder) => {
    expect(
      filesIn(folder)
        .flatMap(importsOf)
        .map(problemOf)
        .filter((problem) => problem !== undefined),
    ).toEqual([])
  },
)

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
    ['bin/a.ts', 'plugins/state/b.ts'],
    ['core/a.ts', 'plugins/built-ins.ts'],
    ['kit/a.ts', 'plugins/built-ins.ts'],
    ['plugins/built-ins.ts', 'plugins/state/index.ts'],
    ['plugins/state/a.ts', 'bench/b.ts'],
    ['index.ts', 'plugins/state/b.ts'],
    ['core/a.ts', 'testing/index.ts'],
    ['plugins/state/a.ts', 'testing/index.ts'],
  ])('%s → %s is refused', (file, target) => {
    expect(check(file, target)).toContain(file)
  })
  it('types of sdk are allowed in core, and all of it in the files that run plugins', () => {
    expect(check('core/a.ts', 'sdk/plugin.ts', true)).toBeUndefined()
    expect(check('core/host/inside/thread-main.ts', 'sdk/handle.ts')).toBeUndefined()
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
