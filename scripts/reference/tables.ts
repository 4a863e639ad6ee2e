// The generated parts of pages that are written by hand otherwise. A page names one between two comments:
// `<!-- table: NAME -->` and `<!-- end -->`; what stands between them is replaced.
import path from 'node:path'
import { ENGINE_SCHEMA } from '../../core/config/engine-options.ts'
import { ENTRY_SCHEMA } from '../../core/config/entry-schema.ts'
import { configSchema } from '../../core/config/file-schema.ts'
import { LISTENER_SCHEMA } from '../../core/config/listener-schema.ts'
import { WorkerNames } from '../../core/config/worker-names.ts'
import { loadScenario, SCENARIO_NAMES } from '../../bench/scenario-table.ts'
import { checkTargets } from '../../bench/targets-table.ts'
import { countText } from '../../base/values/amount-text.ts'
import { UPDATE_LIMITS } from '../../kit/update/operation.ts'
import type { BuiltIn, WorkerAbout } from '../../sdk/built-in.ts'
import { declaredFunctions, engineParts, type FunctionPart } from './engine-parts.ts'
import { BINDING_BOUNDS, BRIDGE_BOUNDS, REDIS_BOUNDS } from './kit-bounds.ts'
import { boundsTable } from './limits.ts'
import { code, table } from './markdown.ts'
import { memberTable, shapeText } from './schema-text.ts'

/** All tables by name: those of the engine, and those of each built-in worker by the name of its folder. */
export async function tablesOf(
  builtIns: readonly BuiltIn[],
  absent: readonly WorkerAbout[],
): Promise<ReadonlyMap<string, string>> {
  const names = new WorkerNames(builtIns, absent)
  return new Map([
    ['bounds-bindings', boundsTable(BINDING_BOUNDS)],
    ['bounds-redis', boundsTable(REDIS_BOUNDS)],
    ['bounds-bridges', boundsTable(BRIDGE_BOUNDS)],
    ['config-file', memberTable({ properties: withoutEngine(configSchema({}, names)) })],
    ['config-engine', memberTable(ENGINE_SCHEMA)],
    ['config-entry', memberTable(ENTRY_SCHEMA)],
    ['config-listener', memberTable(LISTENER_SCHEMA)],
    ['config-names', workerNames(names)],
    ['engine-functions', functionSections(engineParts().functions)],
    ['engine-trigger-types', triggerTypes()],
    ['update-limits', updateLimits()],
    ['bench-scenarios', await scenarios()],
    ['bench-targets', benchTargets()],
    ...(await Promise.all(builtIns.map(workerTables))).flat(),
  ])
}

async function workerTables({ folder, about }: BuiltIn): Promise<[string, string][]> {
  const name = path.basename(folder)
  const [schema, bounds, functions] = await Promise.all([about.config?.(), about.bounds?.(), declaredFunctions(about)])
  return [
    ...(schema === undefined ? [] : ([[`config-${name}`, memberTable(schema)]] as [string, string][])),
    ...(bounds === undefined ? [] : ([[`bounds-${name}`, boundsTable(bounds)]] as [string, string][])),
    ...(functions.length === 0 ? [] : ([[`${name}-functions`, functionSections(functions)]] as [string, string][])),
  ]
}

const MARKED = /(<!-- table: ([a-z-]+) -->\n)[\s\S]*?(<!-- end -->)/g

/** The page with its tables as the code has them now. Throws for a name that no table has. */
export function fillTables(page: string, tables: ReadonlyMap<string, string>): string {
  return page.replace(MARKED, (_whole, begin: string, name: string, end: string) => {
    const text = tables.get(name)
    if (text === undefined) throw new Error(`no table is named '${name}'; there are ${[...tables.keys()].join(', ')}`)
    return `${begin}${text}\n${end}`
  })
}

/** Names of the tables that a page asks for. */
export function tablesIn(page: string): string[] {
  return [...page.matchAll(MARKED)].map(([, , name]) => name ?? '')
}

/** The block `engine` has a table of its own. */
function withoutEngine(schema: Readonly<Record<string, unknown>>): object {
  const properties = schema['properties'] as Readonly<Record<string, object>>
  return Object.fromEntries(
    Object.entries(properties).map(([name, member]) =>
      name === 'engine' ? [name, { ...member, properties: {} }] : [name, member],
    ),
  )
}

function workerNames(names: WorkerNames): string {
  const rows = names.all.map(({ name, alias = '' }) => [code(name), code(alias), names.isProvided(name) ? 'yes' : 'no'])
  return table(['name', 'also', 'in this version'], rows)
}

function updateLimits(): string {
  return table(
    ['limit', 'value'],
    Object.entries(UPDATE_LIMITS).map(([name, value]) => [code(name), countText(value)]),
  )
}

async function scenarios(): Promise<string> {
  const rows = SCENARIO_NAMES.map(async (name) => [code(name), (await loadScenario(name)).title])
  return table(['scenario', 'what it measures'], await Promise.all(rows))
}

function functionSections(functions: readonly FunctionPart[]): string {
  return functions
    .map(({ id, description, request, response }) => {
      const output = response === undefined ? [] : [`- output: ${code(shapeText(response, { complete: true }))}`]
      return [
        `### ${id}`,
        '',
        `${description.replace(/\.$/, '')}.`,
        '',
        `- input: ${code(shapeText(request))}`,
        ...output,
      ].join('\n')
    })
    .join('\n\n')
}

function triggerTypes(): string {
  const rows = engineParts().triggerTypes.map(({ id, description, payload }) => [
    code(id),
    `${description}.`,
    code(shapeText(payload)),
  ])
  return table(['trigger type', 'fires when', 'payload'], rows)
}

function benchTargets(): string {
  const report = {
    version: 1,
    startedAt: '',
    machine: { cpu: '', cores: 0, memoryBytes: 0, os: '', node: '' },
    pinned: null,
    target: '',
    rounds: 0,
    durationMs: 0,
    scenarios: SCENARIO_NAMES.map((scenario) => ({ scenario, title: '', cases: [] })),
  } as const
  return table(
    ['figure', 'target'],
    checkTargets(report, true).map(({ what, bound }) => [what, bound]),
  )
}
