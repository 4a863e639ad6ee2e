// The generated parts of pages that are written by hand otherwise. A page names one between two comments:
// `<!-- table: NAME -->` and `<!-- end -->`; what stands between them is replaced.
import { aliasPairs, knownWorkers } from '../../core/config/builtin-names.ts'
import { ENGINE_SCHEMA } from '../../core/config/engine-options.ts'
import { ENTRY_SCHEMA } from '../../core/config/entry-schema.ts'
import { configFileSchema } from '../../core/config/file-schema.ts'
import { LISTENER_SCHEMA } from '../../core/config/listener-schema.ts'
import { BUILT_IN_PLUGINS } from '../../core/host/table/built-in-plugins.ts'
import { SCENARIO_NAMES } from '../../bench/options.ts'
import { SCENARIOS } from '../../bench/scenarios/index.ts'
import { checkTargets } from '../../bench/targets-table.ts'
import { UPDATE_LIMITS } from '../../kit/update/operation.ts'
import { CONFIGURATION_CONFIG_SCHEMA } from '../../plugins/configuration/config.ts'
import { CRON_CONFIG_SCHEMA } from '../../plugins/cron/config.ts'
import { PUBSUB_CONFIG_SCHEMA } from '../../plugins/pubsub/config.ts'
import { STATE_CONFIG_SCHEMA } from '../../plugins/state/config.ts'
import { STREAM_CONFIG_SCHEMA } from '../../plugins/stream/config.ts'
import { boundsTable } from './bounds.ts'
import {
  configurationParts,
  engineParts,
  pubsubParts,
  stateParts,
  streamParts,
  type FunctionPart,
} from './engine-parts.ts'
import { code, countText, table } from './markdown.ts'
import { memberTable, shapeText } from './schema-text.ts'
import {
  BINDING_BOUNDS,
  BRIDGE_BOUNDS,
  CONFIGURATION_BOUNDS,
  PUBSUB_BOUNDS,
  REDIS_BOUNDS,
  valuesTable,
} from './worker-bounds.ts'

export const TABLES: Readonly<Record<string, () => string>> = {
  bounds: boundsTable,
  'bounds-configuration': () => valuesTable(CONFIGURATION_BOUNDS),
  'bounds-pubsub': () => valuesTable([...BINDING_BOUNDS, ...PUBSUB_BOUNDS]),
  'bounds-redis': () => valuesTable(REDIS_BOUNDS),
  'bounds-bridge': () => valuesTable(BRIDGE_BOUNDS),
  'config-file': () => memberTable({ properties: withoutEngine(configFileSchema({})) }),
  'config-engine': () => memberTable(ENGINE_SCHEMA),
  'config-entry': () => memberTable(ENTRY_SCHEMA),
  'config-listener': () => memberTable(LISTENER_SCHEMA),
  'config-configuration': () => memberTable(CONFIGURATION_CONFIG_SCHEMA),
  'config-state': () => memberTable(STATE_CONFIG_SCHEMA),
  'config-stream': () => memberTable(STREAM_CONFIG_SCHEMA),
  'config-cron': () => memberTable(CRON_CONFIG_SCHEMA),
  'config-pubsub': () => memberTable(PUBSUB_CONFIG_SCHEMA),
  'config-names': workerNames,
  'engine-functions': () => functionSections(engineParts().functions),
  'engine-trigger-types': triggerTypes,
  'configuration-functions': () => functionSections(configurationParts()),
  'state-functions': () => functionSections(stateParts()),
  'stream-functions': () => functionSections(streamParts()),
  'pubsub-functions': () => functionSections(pubsubParts()),
  'update-limits': () =>
    table(
      ['limit', 'value'],
      Object.entries(UPDATE_LIMITS).map(([name, value]) => [code(name), countText(value)]),
    ),
  'bench-scenarios': () =>
    table(
      ['scenario', 'what it measures'],
      SCENARIO_NAMES.map((name) => [code(name), SCENARIOS[name].title]),
    ),
  'bench-targets': benchTargets,
}

const MARKED = /(<!-- table: ([a-z-]+) -->\n)[\s\S]*?(<!-- end -->)/g

/** The page with its tables as the code has them now. Throws for a name that no table has. */
export function fillTables(page: string): string {
  return page.replace(MARKED, (_whole, begin: string, name: string, end: string) => {
    const make = TABLES[name]
    if (make === undefined) throw new Error(`no table is named '${name}'; there are ${Object.keys(TABLES).join(', ')}`)
    return `${begin}${make()}\n${end}`
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

function workerNames(): string {
  const aliases = new Map(aliasPairs())
  const rows = knownWorkers(BUILT_IN_PLUGINS.values()).map(({ name, provided }) => {
    return [code(name), code(aliases.get(name) ?? ''), provided ? 'yes' : 'no']
  })
  return table(['name', 'also', 'in this version'], rows)
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
