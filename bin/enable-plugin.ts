// Adds the entry of a plugin to the text of a configuration file and leaves all else in it as it was, comments included.
// Works on text: reading and writing the file is the command's part.
import { isMap, isSeq, parseDocument, type Document } from 'yaml'
import { appendItem, setMember, type YamlPath } from '../base/files/yaml-edit.ts'
import { CommandFailure } from './exit-codes.ts'

export type Enabling =
  | { readonly outcome: 'enabled'; readonly text: string }
  /** There is an enabled entry of that name already. */
  | { readonly outcome: 'already' }

export interface Enabled {
  readonly name: string
  /** An entry that is written with this name or class is one of it. Default: the name itself. */
  readonly isSame?: (written: string) => boolean
}

/** Throws CommandFailure when the text is not a configuration that an entry can be added to. */
export function enablePlugin(text: string, plugin: Enabled, file: string): Enabling {
  const { name, isSame = (written: string) => written === name } = plugin
  const document = parseDocument(text)
  const problem = document.errors[0]
  if (problem !== undefined)
    throw new CommandFailure(`Error: Failed to parse config file '${file}': ${problem.message}`)
  if (document.contents !== null && !isMap(document.contents)) {
    throw new CommandFailure(`Error: ${file} is not a map with 'workers:'; nothing was written.`)
  }
  const existing = entryNamed(document, isSame)
  if (existing !== undefined) {
    if (document.getIn([...existing, 'enabled']) !== false) return { outcome: 'already' }
    return { outcome: 'enabled', text: setMember(text, existing, 'enabled', true) }
  }
  const appended = appendItem(text, ['workers'], { name })
  if (appended === undefined) throw new CommandFailure(`Error: 'workers' is not a list; nothing was written.`)
  return { outcome: 'enabled', text: appended }
}

function entryNamed(document: Document, isSame: (written: string) => boolean): YamlPath | undefined {
  const isMeant = (entry: unknown): boolean => {
    const written = isMap(entry) ? (entry.get('name') ?? entry.get('class')) : undefined
    return typeof written === 'string' && isSame(written)
  }
  for (const list of ['workers', 'modules']) {
    const entries = document.get(list)
    const index = isSeq(entries) ? entries.items.findIndex(isMeant) : -1
    if (index !== -1) return [list, index]
  }
  return undefined
}
