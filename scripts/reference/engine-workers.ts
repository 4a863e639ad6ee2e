// What a registry tells of the workers that the engine itself has: two modules beside their table, written from what the built-in workers
// declare. They are plain data, so that no plugin imports another.
import { pathToFileURL } from 'node:url'
import path from 'node:path'
import { LISTENER_NAME } from '../../core/config/worker-names.ts'
import { ENGINE_VERSION } from '../../core/version.ts'
import type { BuiltIn } from '../../sdk/built-in.ts'
import type { PluginDefinition } from '../../sdk/plugin.ts'
import { declaredFunctions } from './engine-parts.ts'

const HEAD = '// Written by `npm run docs` from what the built-in workers declare.'
const LISTENER_DESCRIPTION = 'Takes the connections of workers.'

interface EngineWorkerText {
  readonly name: string
  readonly aliases: readonly string[]
  readonly description: string
  readonly mandatory: boolean
}

/** Text by path, relative to the root of the repository. */
export async function engineWorkers(builtIns: readonly BuiltIn[]): Promise<ReadonlyMap<string, string>> {
  const rows: EngineWorkerText[] = [
    { name: LISTENER_NAME, aliases: [], description: LISTENER_DESCRIPTION, mandatory: true },
  ]
  const details: string[] = []
  for (const { folder, about } of builtIns) {
    const module = (await import(pathToFileURL(path.join(folder, 'index.ts')).href)) as { default: PluginDefinition }
    rows.push({
      name: about.name,
      aliases: about.alias === undefined ? [] : [about.alias],
      description: module.default.description ?? '',
      mandatory: about.mandatory === true,
    })
    details.push(...(await detailsOf(about)))
  }
  return new Map([
    [
      'plugins/engine-workers/workers.generated.ts',
      [
        HEAD,
        "import type { EngineWorker } from '../../kit/registry/engine-registry.ts'",
        '',
        `export const ENGINE_VERSION = '${ENGINE_VERSION}'`,
        '',
        'export const ENGINE_WORKERS: readonly EngineWorker[] = [',
        ...rows.sort(byName).map((row) => `  ${JSON.stringify(row)},`),
        ']',
        '',
      ].join('\n'),
    ],
    [
      'plugins/engine-workers/details.generated.ts',
      [
        HEAD,
        "import type { EngineWorkerDetails } from '../../kit/registry/engine-registry.ts'",
        '',
        'export const ENGINE_WORKER_DETAILS: Readonly<Record<string, EngineWorkerDetails>> = {',
        ...details,
        '}',
        '',
      ].join('\n'),
    ],
  ])
}

async function detailsOf(about: BuiltIn['about']): Promise<string[]> {
  const functions = (await declaredFunctions(about)).map(({ id, description, request, response }) => ({
    name: id,
    description,
    request_schema: request ?? {},
    response_schema: response ?? {},
    metadata: {},
  }))
  const types = ((await about.declareTriggerTypes?.()) ?? []).map((type) => ({
    name: type.id,
    description: type.description ?? '',
    invocation_schema: type.trigger_request_format ?? {},
    return_schema: type.call_request_format ?? {},
    metadata: {},
  }))
  return [
    `  ${JSON.stringify(about.name)}: {`,
    `    "config": ${JSON.stringify(defaultsOf(await about.config?.()))},`,
    '    "functions": [',
    ...functions.map((each) => `      ${JSON.stringify(each)},`),
    '    ],',
    '    "triggers": [',
    ...types.map((each) => `      ${JSON.stringify(each)},`),
    '    ],',
    '  },',
  ]
}

/** The settings that a schema gives a default. */
function defaultsOf(schema: unknown): Record<string, unknown> {
  const { properties = {} } = (schema ?? {}) as {
    properties?: Readonly<Record<string, { readonly default?: unknown }>>
  }
  const said = Object.entries(properties).filter(([, property]) => property.default !== undefined)
  return Object.fromEntries(said.map(([name, property]) => [name, property.default]))
}

function byName(one: EngineWorkerText, other: EngineWorkerText): number {
  return one.name < other.name ? -1 : 1
}
