// Edits of a YAML text that leave all else in it as it is: comments, order, spacing, line ends. What an edit makes is read again, and
// counts only when it says what it was meant to. Works on text: reading and writing the file is its users' part.
import { isDeepStrictEqual } from 'node:util'
import { isMap, isScalar, isSeq, parse, parseDocument, stringify, type Document, type Node, type Pair } from 'yaml'

/** Member names and list indices, from the top. */
export type YamlPath = readonly (string | number)[]

/** Sets a member of the map at `path` to a plain value; the map must be there. */
export function setMember(text: string, path: YamlPath, name: string, value: string | number | boolean): string {
  const document = parseDocument(text)
  const old = document.getIn([...path, name], true)
  if (isScalar(old) && old.range) {
    const edited = text.slice(0, old.range[0]) + stringify(value).trimEnd() + text.slice(old.range[1])
    const means = (content: unknown): void => {
      ;(at(content, path) as Record<string, unknown>)[name] = value
    }
    if (saysAsMeant(text, edited, means)) return edited
  }
  document.setIn([...path, name], value)
  return rendered(document, text)
}

/** Adds an item to the end of a list, and the list where there is none. undefined when something else is in its place. */
export function appendItem(text: string, path: YamlPath, item: unknown): string | undefined {
  const document = parseDocument(text)
  const list = document.getIn(path, true) as Node | undefined
  if (list !== undefined && !isSeq(list) && !(isScalar(list) && list.value === null)) return undefined
  return appendedLines(text, path, list, item) ?? appendedNode(document, text, path, list, item)
}

/**
 * Puts a comment in the place of a member of a map, where the member has lines of its own. undefined where it has not (a flow map,
 * the line of a dash) or where the text would then say more or less than that (an alias elsewhere that refers into it).
 */
export function replaceMemberByComment(
  text: string,
  path: YamlPath,
  name: string,
  comment: string,
): string | undefined {
  const block = linesOfMember(text, path, name)
  if (block === undefined) return undefined
  const { from, to, indent } = block
  const lineBreak = /\r?\n$/.exec(text.slice(from, to))?.[0] ?? ''
  const edited = `${text.slice(0, from)}${indent}# ${comment}${lineBreak}${text.slice(to)}`
  const means = (content: unknown): void => {
    delete (at(content, path) as Record<string, unknown>)[name]
  }
  return saysAsMeant(text, edited, means) ? edited : undefined
}

/** Where the lines of a member of a block map lie in the text, without comments that follow it. */
export function linesOfMember(
  text: string,
  path: YamlPath,
  name: string,
): { readonly from: number; readonly to: number; readonly indent: string } | undefined {
  const map = parseDocument(text).getIn(path, true)
  if (!isMap(map) || map.flow === true) return undefined
  const member = (map.items as Pair<Node, Node | null>[]).find(({ key }) => isScalar(key) && key.value === name)
  const start = member?.key.range?.[0]
  if (start === undefined) return undefined
  const from = text.lastIndexOf('\n', start - 1) + 1
  const indent = text.slice(from, start)
  if (indent.trim() !== '') return undefined
  const end = member?.value?.range?.[1] ?? text.indexOf(':', start) + 1
  return { from, to: endOfLine(text, start + text.slice(start, end).trimEnd().length), indent }
}

// ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Lines after the last item of a block list: nothing else changes, not even spacing. */
function appendedLines(text: string, path: YamlPath, list: Node | undefined, item: unknown): string | undefined {
  if (!isSeq(list) || list.flow === true) return undefined
  const last = list.items.at(-1) as Node | undefined
  const start = list.range?.[0]
  if (last?.range === undefined || last.range === null || start === undefined) return undefined
  const indent = text.slice(text.lastIndexOf('\n', start - 1) + 1, start)
  if (indent.trim() !== '') return undefined
  const lineBreak = text.includes('\r\n') ? '\r\n' : '\n'
  const before = text.slice(0, endOfLine(text, last.range[1]))
  const lines = stringify([item]).trimEnd().split('\n')
  const added = lines.map((line) => indent + line + lineBreak).join('')
  const edited = before + (before.endsWith('\n') ? '' : lineBreak) + added + text.slice(before.length)
  const means = (content: unknown): void => {
    ;(at(content, path) as unknown[]).push(item)
  }
  return saysAsMeant(text, edited, means) ? edited : undefined
}

/** For a missing, empty or flow list: through the document, which keeps comments but may change spacing. */
function appendedNode(document: Document, text: string, path: YamlPath, list: Node | undefined, item: unknown): string {
  if (isSeq(list)) {
    list.flow = false
    list.add(document.createNode(item))
  } else {
    const made = document.createNode([item])
    // Items that are all commented out hang on the empty value that is replaced.
    made.commentBefore = list?.commentBefore ?? null
    made.comment = list?.comment ?? null
    document.setIn(path, made)
  }
  return rendered(document, text)
}

// ── text ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function rendered(document: Document, text: string): string {
  const result = document.toString({ lineWidth: 0 })
  return text.includes('\r\n') ? result.replaceAll(/\r?\n/g, '\r\n') : result
}

/** Where the line that a node ends in is over; block scalars end behind their line break already. */
function endOfLine(text: string, nodeEnd: number): number {
  if (text[nodeEnd - 1] === '\n') return nodeEnd
  const lineBreak = text.indexOf('\n', nodeEnd)
  return lineBreak === -1 ? text.length : lineBreak + 1
}

function saysAsMeant(before: string, after: string, change: (content: unknown) => void): boolean {
  try {
    const expected = plain(before)
    change(expected)
    return isDeepStrictEqual(plain(after), expected)
  } catch {
    return false
  }
}

/** With aliases written out: what refers to another place is a value of its own. */
function plain(text: string): unknown {
  return JSON.parse(JSON.stringify(parse(text, { logLevel: 'silent' })))
}

function at(content: unknown, path: YamlPath): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<string | number, unknown>)[step], content)
}
