// Removes the `config` block of a plugin from the engine's file once it is stored (spec 04 A.9.7, only with `strip_seeded`).
// Comments and layout of everything else stay.
import { readFile } from 'node:fs/promises'
import { isJsonObject } from '../../base/values/json-value.ts'
import type { PluginLog } from '../../sdk/plugin.ts'
import { writeWhole } from '../../base/files/atomic-file.ts'

/** Leaves the file alone where the block can't be removed safely, and says so. A file that can't be written is left without a word. */
export async function stripSeeded(file: string, names: readonly string[], log: PluginLog): Promise<void> {
  const text = await readFile(file, 'utf8')
  const result = await withoutBlock(text, names)
  if (result === undefined) return
  if ('problem' in result) {
    log.info(`The settings of ${names[0]} are stored, but stay in ${file} as well: ${result.problem}`)
    return
  }
  try {
    await writeWhole(file, result.text, { durable: true })
  } catch (error) {
    log.debug(`${file} can't be written; the settings of ${names[0]} stay in it`, { reason: String(error) })
  }
}

export type Stripped = { readonly text: string } | { readonly problem: string } | undefined

/** The text without the block of the first entry of these names; undefined when there is no block in the form of lines. */
export async function withoutBlock(text: string, names: readonly string[]): Promise<Stripped> {
  // Loaded with the first block: an engine that strips none never pays for the YAML library.
  const [{ parse }, { linesOfMember, replaceMemberByComment }] = await Promise.all([
    import('yaml'),
    import('../../base/files/yaml-edit.ts'),
  ])
  const entry = entryNamed(parse(text, { logLevel: 'silent' }), names)
  const lines = entry === undefined ? undefined : linesOfMember(text, entry, 'config')
  if (entry === undefined || lines === undefined) return undefined
  // The stored value would hold what the variables were at the moment, secrets among them.
  if (text.slice(lines.from, lines.to).includes('${')) return { problem: 'it names environment variables' }
  const comment = `config: kept by the configuration worker under '${names[0]}'`
  const stripped = replaceMemberByComment(text, entry, 'config', comment)
  return stripped === undefined ? { problem: 'other lines refer to it' } : { text: stripped }
}

function entryNamed(content: unknown, names: readonly string[]): readonly [string, number] | undefined {
  for (const list of ['workers', 'modules']) {
    const entries = isJsonObject(content) ? content[list] : undefined
    if (!Array.isArray(entries)) continue
    const index = entries.findIndex((entry) => isJsonObject(entry) && names.includes(String(entry['name'])))
    if (index !== -1) return [list, index]
  }
  return undefined
}
