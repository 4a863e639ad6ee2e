// Adds the entry of a plugin to the text of a configuration file and leaves all else in it as it was, comments included.
// Works on text: reading and writing the file is the command's part.
import { isMap, isScalar, isSeq, parseDocument, type Document, type YAMLMap, type YAMLSeq } from 'yaml'
import { entryLines } from './entry-lines.ts'
import { CommandFailure } from './exit-codes.ts'

export type Enabling =
  | { readonly outcome: 'enabled'; readonly text: string }
  /** There is an enabled entry of that name already. */
  | { readonly outcome: 'already' }

/** Throws CommandFailure when the text is not a configuration that an entry can be added to. */
export function enablePlugin(text: string, name: string, file: string): Enabling {
  const document = parseDocument(text)
  const problem = document.errors[0]
  if (problem !== undefined)
    throw new CommandFailure(`Error: Failed to parse config file '${file}': ${problem.message}`)
  if (document.contents !== null && !isMap(document.contents)) {
    throw new CommandFailure(`Error: ${file} is not a map with 'workers:'; nothing was written.`)
  }
  const existing = entryNamed(document, name)
  if (existing !== undefined) {
    if (existing.get('enabled') !== false) return { outcome: 'already' }
    existing.set('enabled', true)
    return { outcome: 'enabled', text: rendered(document, text) }
  }
  return { outcome: 'enabled', text: appendedToBlock(document, text, name) ?? appendedToDocument(document, text, name) }
}

function entryNamed(document: Document, name: string): YAMLMap | undefined {
  for (const list of ['workers', 'modules']) {
    const entries = document.get(list)
    if (!isSeq(entries)) continue
    for (const entry of entries.items) if (isMap(entry) && entry.get('name') === name) return entry
  }
  return undefined
}

/** Inserts lines after the last entry of a block list: nothing else in the file changes, not even spacing. */
function appendedToBlock(document: Document, text: string, name: string): string | undefined {
  const entries = document.get('workers')
  if (!isSeq(entries) || entries.flow || entries.items.length === 0) return undefined
  const last = entries.items.at(-1)
  const range = isMap(last) ? last.range : undefined
  const start = (entries as YAMLSeq).range?.[0]
  if (range === undefined || range === null || start === undefined) return undefined
  const lineStart = text.lastIndexOf('\n', start - 1) + 1
  const indent = text.slice(lineStart, start)
  if (indent.trim() !== '') return undefined
  const end = endOfLine(text, range[1])
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  const before = text.slice(0, end)
  const lines = entryLines(name, indent).replaceAll('\n', newline)
  const result = `${before}${before.endsWith('\n') ? '' : newline}${lines}${text.slice(end)}`
  const check = parseDocument(result)
  return check.errors.length === 0 && entryNamed(check, name) !== undefined ? result : undefined
}

/** Where the line that a node ends in is over; block scalars end behind their line break already. */
function endOfLine(text: string, nodeEnd: number): number {
  if (text[nodeEnd - 1] === '\n') return nodeEnd
  const lineBreak = text.indexOf('\n', nodeEnd)
  return lineBreak === -1 ? text.length : lineBreak + 1
}

/** For a missing, empty or flow list: through the document, which keeps comments but may change spacing. */
function appendedToDocument(document: Document, text: string, name: string): string {
  const entries = document.get('workers', true)
  if (isSeq(entries)) {
    entries.flow = false
    entries.add(document.createNode({ name }))
  } else if (entries === undefined || (isScalar(entries) && entries.value === null)) {
    const list = document.createNode([{ name }])
    // Entries that are all commented out hang on the empty value that is replaced.
    list.commentBefore = entries?.commentBefore ?? null
    list.comment = entries?.comment ?? null
    document.set('workers', list)
  } else {
    throw new CommandFailure(`Error: 'workers' is not a list; nothing was written.`)
  }
  return rendered(document, text)
}

function rendered(document: Document, text: string): string {
  const result = document.toString({ lineWidth: 0 })
  return text.includes('\r\n') ? result.replaceAll(/\r?\n/g, '\r\n') : result
}
