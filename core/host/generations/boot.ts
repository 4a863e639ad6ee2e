// The first start of all plugins: loaded at the same time, started in the order of what they require, and built-ins that stand side by
// side in it at the same time. One that can't start keeps no other from it.
import { shownAddress } from '../../../base/net/shown-address.ts'
import type { Log } from '../../log.ts'
import { fallbackAddress } from './address-fallback.ts'
import { asGenerationError, Generation } from './generation.ts'
import type { ChangeSurroundings } from './change-of-generation.ts'
import { keepsSettings } from './plugin-settings.ts'
import type { Failure } from '../table/phase.ts'
import type { PluginInstance } from '../table/plugin-instance.ts'
import type { PluginTable } from '../table/plugin-table.ts'
import { inLevels } from '../table/requires.ts'
import { NotCarriedOut, type Reconciler } from './reconciler.ts'
import { wishFor, type Step } from './wish.ts'

export interface BootReport {
  readonly started: readonly string[]
  /** What does not run, and why. A built-in among them ends the start of the engine. */
  readonly failed: readonly ({
    readonly name: string
    readonly builtIn: boolean
  } & Failure)[]
}

export interface BootSurroundings {
  readonly table: PluginTable
  readonly reconciler: Reconciler
  readonly around: ChangeSurroundings
  readonly log: Log
}

type Start = Extract<Step, { kind: 'replace' }>

/** @param instances those that are to run, in the order of the file. */
export async function bootPlugins(
  instances: readonly PluginInstance[],
  { table, reconciler, around, log }: BootSurroundings,
): Promise<BootReport> {
  const began = performance.now()
  for (const instance of instances) instance.phase = { name: 'starting' }
  const { steps, refusals } = await reconciler.prepare(instances.map((instance) => wishFor(instance, 'boot')))
  for (const refusal of refusals) reconciler.refuse(refusal)

  const bringUp = async (start: Start): Promise<void> => {
    try {
      await reconciler.carryOut([start])
    } catch (failure) {
      const settings = await fallbackAddress(start.to, failure, around.settle)
      if (settings === undefined) throw failure
      const address = shownAddress(String(settings['host']), Number(settings['port']))
      const problem = (failure as Error).message.replace(/\.$/, '')
      log.warn(`plugin '${start.to.name}': ${problem}; it serves on the address of the file, ${address}`)
      const to = await Generation.prepare({ ...start.to.plan, settings }, around)
      await reconciler.carryOut([{ ...start, to }])
    }
  }
  let decided = false
  const start = async (step: Start): Promise<void> => {
    const { wish, to } = step
    try {
      // One that it requires may have failed at its start.
      const missing = to.declaration.requires.find((required) => !isUp(table, required))
      if (missing !== undefined) throw new Error(`'${to.name}' requires the plugin '${missing}', which does not run`)
      // It was prepared before anybody could be asked for its settings.
      if (decided) await to.settleAgain()
      await bringUp(step)
      decided ||= keepsSettings(to.declaration)
      wish.instance.loadMs = Math.round(performance.now() - began)
    } catch (failure) {
      await reconciler.discard([step])
      const error = failure instanceof NotCarriedOut ? failure.error : failure
      reconciler.refuse({ wish, error: asGenerationError('import', 'PLUGIN_START_FAILED', error) })
    }
  }
  const starts = inOrder(steps.filter((step): step is Start => step.kind === 'replace'))
  for (const together of startedTogether(starts)) await Promise.all(together.map(start))
  const failed = instances.flatMap(({ name, source, phase }) =>
    phase.name === 'failed' ? [{ name, builtIn: source?.builtIn === true, ...phase.failure }] : [],
  )
  return { started: instances.filter(({ generation }) => generation !== undefined).map(({ name }) => name), failed }
}

function isUp(table: PluginTable, plugin: string): boolean {
  return table.of(plugin).some(({ generation }) => generation !== undefined)
}

/**
 * What is required comes first. Who holds the seat `settings` starts before all that do not have to run before it: their settings
 * are its to decide.
 */
function inOrder(starts: readonly Start[]): readonly Start[] {
  const ordered = inLevels(starts, ({ to: { plugin, declaration } }) => ({
    plugin,
    requires: declaration.requires,
  })).flat()
  const first = new Set<Start>()
  const add = (start: Start): void => {
    if (first.has(start)) return
    const { requires } = start.to.declaration
    for (const other of starts) if (requires.includes(other.to.plugin)) add(other)
    first.add(start)
  }
  for (const start of ordered) if (keepsSettings(start.to.declaration)) add(start)
  return [...first, ...ordered.filter((start) => !first.has(start))]
}

/**
 * Built-ins that follow one another start together, as far as none of them requires another or decides the settings of the others. Of
 * several entries of one built-in the first in the file has what two of them want.
 * What users write starts alone: it may count on all that stands before it in the file, whether or not it says so.
 */
function startedTogether(starts: readonly Start[]): readonly (readonly Start[])[] {
  const groups: Start[][] = []
  for (const start of starts) {
    const group = groups.at(-1)
    if (group !== undefined && group.every((other) => isIndependent(other, start))) group.push(start)
    else groups.push([start])
  }
  return groups
}

function isIndependent(before: Start, after: Start): boolean {
  const isBuiltIn = (start: Start): boolean => start.to.plan.source.builtIn
  const decides = keepsSettings(before.to.declaration)
  const isSame = before.to.plugin === after.to.plugin
  const isRequired = after.to.declaration.requires.includes(before.to.plugin)
  return isBuiltIn(before) && isBuiltIn(after) && !isSame && !decides && !isRequired
}
