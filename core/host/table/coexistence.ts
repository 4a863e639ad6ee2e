// What instances that are to run side by side may not contradict: one holder per seat, further entries only of a plugin that is
// repeatable, everything that is required is there (spec 09 §2). Pure; one problem per instance, in words for the user.
import type { PluginDeclaration } from '../builds/bundle.ts'
import { orderByRequires } from './requires.ts'

export interface Standing {
  readonly name: string
  readonly plugin: string
  readonly declaration: PluginDeclaration
  /** Built-ins: as their table says; others: as they declare. */
  readonly repeatable: boolean
  /** Where the entry stands. */
  readonly origin: string
}

/**
 * @param standing who runs already first: the newcomer is the one that is refused.
 * @param originOf where the entry of an instance stands, also of one that is not to run.
 * @param down plugins that are wanted and can't run, each with the reason.
 */
export function contradictions(
  standing: readonly Standing[],
  originOf: (instance: string) => string | undefined,
  down: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const problems = new Map<string, string>()
  const holders = new Map<string, string>()
  for (const each of standing) {
    const problem = repetition(each, originOf(each.plugin)) ?? seatConflict(each, holders)
    if (problem !== undefined) problems.set(each.name, problem)
  }
  const requires = new Map<string, readonly string[]>()
  for (const { name, plugin, declaration } of standing) {
    if (problems.has(name)) continue
    requires.set(plugin, [...(requires.get(plugin) ?? []), ...declaration.requires])
  }
  const unmet = orderByRequires(requires, down).problems
  for (const { name, plugin } of standing) {
    const problem = unmet.get(plugin)
    if (problem !== undefined && !problems.has(name)) problems.set(name, problem)
  }
  return problems
}

function repetition({ name, plugin, repeatable, origin }: Standing, first: string | undefined): string | undefined {
  if (name === plugin || repeatable) return undefined
  return `the plugin '${plugin}' has two entries (${first ?? 'unknown'} and ${origin}), but does not run more than once: remove one, or declare 'repeatable: true' in its definePlugin`
}

/** Takes the seats of an instance that may have them. */
function seatConflict({ name, declaration: { seats } }: Standing, holders: Map<string, string>): string | undefined {
  const taken = seats.find((seat) => holders.has(seat))
  if (taken !== undefined)
    return `plugin '${name}' claims the seat '${taken}', which plugin '${holders.get(taken)}' holds`
  for (const seat of seats) holders.set(seat, name)
  return undefined
}
