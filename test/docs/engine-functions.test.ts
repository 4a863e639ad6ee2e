// docs/reference/engine-functions.md and the rows of docs/reference/plugins.md against an engine that runs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { RunningEngine } from '../../core/running-engine.ts'
import { createLog } from '../../core/log.ts'
import { BUILT_INS } from '../../plugins/built-ins.ts'
import { engineParts } from '../../scripts/reference/engine-parts.ts'
import { namesAfter } from './page-tables.ts'

const PAGE = 'docs/reference/engine-functions.md'
let cwd: string
let engine: RunningEngine

beforeAll(async () => {
  cwd = mkdtempSync(path.join(tmpdir(), 'iii-docs-'))
  const entries = ['  - name: iii-worker-manager', '    config: { port: 0 }', '  - name: iii-state']
  writeFileSync(path.join(cwd, 'iii-config.yaml'), ['workers:', ...entries, ''].join('\n'))
  engine = await RunningEngine.start({
    cwd,
    watch: false,
    log: createLog({ level: 'silent', write: () => {} }),
    builtIns: BUILT_INS,
  })
})

afterAll(async () => {
  await engine?.close()
  rmSync(cwd, { recursive: true, force: true })
})

type Row = Readonly<Record<string, unknown>>

async function rowsOf(functionId: string, member: string, input: object = {}): Promise<Row[]> {
  return ((await engine.call(functionId, input)) as Record<string, Row[]>)[member] ?? []
}

function membersOf(rows: readonly Row[]): string[] {
  expect(rows.length).toBeGreaterThan(0)
  return [...new Set(rows.flatMap((row) => Object.keys(row)))].sort()
}

it('documents the functions that a running engine provides itself', () => {
  const { engineWorker, functions } = engine.router
  const provided = [...functions.all()].filter(({ providers }) =>
    providers.some(({ worker }) => worker === engineWorker),
  )
  const documented = engineParts().functions.map(({ id }) => id)
  expect(documented).toEqual(provided.map(({ id }) => id).sort())
})

it('documents the trigger types that a running engine provides itself', () => {
  const { engineWorker, triggers } = engine.router
  const provided = [...triggers.types()].filter(({ current }) => current?.worker === engineWorker)
  expect(engineParts().triggerTypes.map(({ id }) => id)).toEqual(provided.map(({ id }) => id).sort())
})

it('documents the rows of functions', async () => {
  const rows = await rowsOf('engine::functions::list', 'functions', { include_internal: true })
  // Nothing here is registered with metadata of its own but the old log functions, which are internal.
  expect(namesAfter(PAGE, '`engine::functions::list`;').sort()).toEqual(membersOf(rows))
})

it('documents the rows of workers', async () => {
  expect(namesAfter(PAGE, '`engine::workers::list`:').sort()).toEqual(
    membersOf(await rowsOf('engine::workers::list', 'workers')),
  )
})

it('documents the rows of trigger types', async () => {
  const rows = await rowsOf('engine::triggers::list', 'triggers', { include_internal: true })
  expect(namesAfter(PAGE, '`engine::triggers::list`:').sort()).toEqual(membersOf(rows))
})

it('documents the rows of bindings', async () => {
  const binding = { trigger_type: 'state', function_id: 'docs::nobody', config: { scope: 'docs' } }
  await engine.call('engine::register_trigger', binding)
  const rows = await rowsOf('engine::registered-triggers::list', 'registered_triggers')
  expect(namesAfter(PAGE, '`engine::registered-triggers::list`:').sort()).toEqual(membersOf(rows))
})

it('documents the rows of plugins', async () => {
  const known = membersOf(await rowsOf('engine::plugins::list', 'plugins'))
  const documented = namesAfter('docs/reference/plugins.md', '### Row')
  expect(known.filter((member) => !documented.includes(member))).toEqual([])
  // These a healthy built-in that has one entry, does not listen and runs with the settings of the file has not.
  const absent = documented.filter((member) => !known.includes(member))
  expect(absent.sort()).toEqual([
    'abandoned',
    'addresses',
    'error',
    'health',
    'last_crash',
    'plugin',
    'settings',
    'stale',
    'stalled_since',
    'version',
  ])
})
