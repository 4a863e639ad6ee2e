// One holder per seat (design, "The one idea"). Pure.
import type { PluginDeclaration } from '../builds/bundle.ts'
import type { PluginRecord } from './plugin-record.ts'
import type { PluginSource } from './plugin-source.ts'

/** In words, who holds a seat that this plugin claims. */
export function otherSeatHolder(
  records: readonly PluginRecord[],
  source: PluginSource,
  { seats }: PluginDeclaration,
): string | undefined {
  for (const { name, generation } of records) {
    if (generation === undefined || name === source.name) continue
    const both = generation.declaration.seats.find((seat) => seats.includes(seat))
    if (both !== undefined) return `plugin '${source.name}' claims the seat '${both}', which plugin '${name}' holds`
  }
  return undefined
}
