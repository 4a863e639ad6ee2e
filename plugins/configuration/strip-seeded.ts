// Removes the `config` block of a plugin from the engine's file once it is stored (spec 04 A.9.7, only with `strip_seeded`).
// Works on lines, so that comments and layout of everything else stay; the result is held against what it must mean.
import { readFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
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
  const lines = text.split('\n')
  const place = findBlock(lines, names)
  if (place === undefined) return undefined
  const block = lines.slice(place.from, place.to)
  // The stored value would hold what the variables were at the moment, secrets among them.
  if (block.some((line) => line.includes('${'))) return { problem: 'it names environment variables' }
  const end = lines[place.from]?.endsWith('\r') === true ? '\r' : ''
  const comment = `${' '.repeat(place.indent)}# config: kept by the configuration worker under '${names[0]}'${end}`
  const stripped = [...lines.slice(0, place.from), comment, ...lines.slice(place.to)].join('\n')
  return (await meansTheSame(text, stripped, names))
    ? { text: stripped }
    : { problem: 'its lines could not be told apart' }
}

interface BlockPlace {
  readonly from: number
  readonly to: number
  readonly indent: number
}

/** The lines of `config:` below the first `- name: <one of the names>`. */
function findBlock(lines: readonly string[], names: readonly string[]): BlockPlace | undefined {
  const head = /^(\s*)-(\s+)name:\s*(['"]?)([^'"#\s]+)\3\s*(?:#.*)?\r?$/
  for (const [index, line] of lines.entries()) {
    const match = head.exec(line)
    if (match === null || !names.includes(match[4] ?? '')) continue
    const dash = (match[1] ?? '').length
    return blockBelow(lines, index + 1, dash, dash + 1 + (match[2] ?? '').length)
  }
  return undefined
}

function blockBelow(lines: readonly string[], start: number, dash: number, indent: number): BlockPlace | undefined {
  for (let index = start; index < lines.length; index++) {
    const line = lines[index] ?? ''
    if (isBlank(line)) continue
    if (indentOf(line) <= dash) return undefined
    if (indentOf(line) !== indent || !/^\s*config:(?:\s|$)/.test(line)) continue
    let to = index + 1
    // Comments and empty lines count as the block's only when more of it follows.
    for (let next = to; next < lines.length; next++) {
      const below = lines[next] ?? ''
      if (isBlank(below)) continue
      if (indentOf(below) <= indent) break
      to = next + 1
    }
    return { from: index, to, indent }
  }
  return undefined
}

function isBlank(line: string): boolean {
  return /^\s*(?:#.*)?\r?$/.test(line)
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

/** Both texts say the same but for the one `config`. */
async function meansTheSame(before: string, after: string, names: readonly string[]): Promise<boolean> {
  const { parse } = await import('yaml')
  try {
    const expected: unknown = parse(before, { logLevel: 'silent' })
    const actual: unknown = parse(after, { logLevel: 'silent' })
    return removeConfig(expected, names) && isDeepStrictEqual(actual, expected)
  } catch {
    return false
  }
}

function removeConfig(content: unknown, names: readonly string[]): boolean {
  if (!isJsonObject(content)) return false
  const entries = [content['workers'], content['modules']].flatMap((list) => (Array.isArray(list) ? list : []))
  const entry = entries.find((item) => isJsonObject(item) && names.includes(String(item['name'])))
  return isJsonObject(entry) && delete entry['config']
}
