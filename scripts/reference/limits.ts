// docs/reference/limits.md: every bound of the engine, of what workers share, and of each built-in worker.
import type { Bound, BuiltIn } from '../../sdk/built-in.ts'
import { ENGINE_BOUNDS } from './engine-bounds.ts'
import { BINDING_BOUNDS, BRIDGE_BOUNDS, REDIS_BOUNDS, STORE_BOUNDS } from './kit-bounds.ts'
import { code, table } from './markdown.ts'
import { SDK_BOUNDS } from './sdk-bounds.ts'

export async function limitsReference(builtIns: readonly BuiltIn[]): Promise<string> {
  const workers = await Promise.all(
    builtIns.map(async ({ about }) => [about.name, (await about.bounds?.()) ?? []] as const),
  )
  const sections: (readonly [heading: string, bounds: readonly Bound[]])[] = [
    ['The engine', ENGINE_BOUNDS],
    ['Bindings of triggers of state, streams and topics', BINDING_BOUNDS],
    ['Stores in a file', STORE_BOUNDS],
    ['Redis', REDIS_BOUNDS],
    ['Bridges', BRIDGE_BOUNDS],
    ['Workers on the SDK', SDK_BOUNDS],
    ...workers.filter(([, bounds]) => bounds.length > 0),
  ]
  return [
    '# Limits',
    '',
    'Every queue, wait and size has a limit, with a default that protects the engine from one bad worker. What is fixed has no option.',
    "Options named `engine.…` stand in the block `engine` of the configuration, those of connections in the `config` of a listener, a worker's in its own.",
    'Generated from the code by `npm run docs`.',
    '',
    ...sections.flatMap(([heading, bounds]) => [`## ${heading}`, '', boundsTable(bounds), '']),
  ].join('\n')
}

/** Without the column of options where every limit is fixed. */
export function boundsTable(bounds: readonly Bound[]): string {
  if (bounds.every(({ option }) => option === undefined)) {
    return table(
      ['limit', 'value', 'at the limit'],
      bounds.map(({ limit, initial, effect }) => [limit, initial, effect]),
    )
  }
  return table(
    ['limit', 'option', 'default', 'at the limit'],
    bounds.map(({ limit, option, initial, effect }) => [limit, optionText(option), initial, effect]),
  )
}

/** Anything but a bare name is in words. */
function optionText(option: string | undefined): string {
  if (option === undefined) return 'fixed'
  return /^[a-z_.]+$/.test(option) ? code(option) : option
}
