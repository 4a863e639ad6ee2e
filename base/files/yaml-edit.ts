// Edits of a YAML text that leave all else in it as it is: comments, order, spacing, line ends. What an edit makes is read again, and
// counts only when it says what it was meant to. Works on text: reading and writing the file is its users' part.
import { isDeepStrictEqual } from 'node:util'
import {
  isMap,
  isScalar,
  isSeq,
  parse,
  parseDocument,
  stringify,
  visit,
  Document,
  type Node,
  type Pair,
  type YAMLSeq,
} from 'yaml'

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
 * Removes an item of a list with the lines that it has, comments within it included; the lines around it stay as they are. undefined where
 * that would say more or less than it is meant to (an alias elsewhere that refers into it).
 */
export function removeItem(text: string, path: YamlPath, index: number): string | undefined {
  const document = parseDocument(text)
  const list = document.getIn(path, true)
  if (!isSeq(list) || index >= list.items.length) return undefined
  const means = (content: unknown): void => {
    const items = at(content, path) as unknown[]
    items.splice(index, 1)
  }
  const edited = withoutLines(text, list as YAMLSeq<Node>, index)
  if (edited !== undefined && saysAsMeant(text, edited, means)) return edited
  list.delete(index)
  if (list.items.length === 0) list.flow = true
  return renderedAsMeant(document, text, means)
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

/** Removes a member of the map at `path`, with the lines that it has. undefined where the text would then say more or less than that. */
export function removeMember(text: string, path: YamlPath, name: string): string | undefined {
  const means = (content: unknown): void => {
    delete (at(content, path) as Record<string, unknown>)[name]
  }
  const block = linesOfMember(text, path, name)
  const edited = block === undefined ? undefined : text.slice(0, block.from) + text.slice(block.to)
  if (edited !== undefined && saysAsMeant(text, edited, means)) return edited
  const document = parseDocument(text)
  document.deleteIn([...path, name])
  return renderedAsMeant(document, text, means)
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
  const lines = withQuotedKeys(new Document([item]))
    .toString()
    .trimEnd()
    .split('\n')
  const added = lines.map((line) => indent + line + lineBreak).join('')
  const edited = before + (before.endsWith('\n') ? '' : lineBreak) + added + text.slice(before.length)
  const means = (content: unknown): void => {
    ;(at(content, path) as unknown[]).push(item)
  }
  return saysAsMeant(text, edited, means) ? edited : undefined
}

/** Of a block list whose items begin on lines of their own; the last item that is left becomes `[]`. */
function withoutLines(text: string, list: YAMLSeq<Node>, index: number): string | undefined {
  if (list.flow === true) return undefined
  const item = list.items[index]
  if (item?.range === undefined || item.range === null) return undefined
  const dash = text.lastIndexOf('-', item.range[0])
  const from = text.lastIndexOf('\n', dash) + 1
  if (dash === -1 || text.slice(from, dash).trim() !== '' || text.slice(dash + 1, item.range[0]).trim() !== '')
    return undefined
  const to = endOfLine(text, dash + text.slice(dash, item.range[1]).trimEnd().length)
  if (list.items.length > 1) return text.slice(0, from) + text.slice(to)
  const indent = text.slice(from, dash)
  const lineBreak = /\r?\n$/.exec(text.slice(from, to))?.[0] ?? ''
  return `${text.slice(0, from)}${indent === '' ? ' ' : indent}[]${lineBreak}${text.slice(to)}`
}

/** For a missing, empty or flow list: through the document, which keeps comments but may change spacing. */
function appendedNode(document: Document, text: string, path: YamlPath, list: Node | undefined, item: unknown): string {
  if (isSeq(list)) {
    list.flow = false
    list.add(withQuotedKeys(document.createNode(item)))
  } else {
    const made = withQuotedKeys(document.createNode([item]))
    // Items that are all commented out hang on the empty value that is replaced.
    made.commentBefore = list?.commentBefore ?? null
    made.comment = list?.comment ?? null
    document.setIn(path, made)
  }
  return rendered(document, text)
}

/** A key that would be read as a merge where it stands without quotes gets them. */
function withQuotedKeys<T extends Node | Document>(node: T): T {
  visit(node, {
    Pair(_, { key }) {
      if (isScalar(key) && key.value === '<<') key.type = 'QUOTE_DOUBLE'
    },
  })
  return node
}

// ── text ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function rendered(document: Document, text: string): string {
  const result = document.toString({ lineWidth: 0 })
  return text.includes('\r\n') ? result.replaceAll(/\r?\n/g, '\r\n') : result
}

/** undefined: it would say something else, or could not be said (an alias without its anchor). */
function renderedAsMeant(document: Document, text: string, means: (content: unknown) => void): string | undefined {
  try {
    const made = rendered(document, text)
    return saysAsMeant(text, made, means) ? made : undefined
  } catch {
    return undefined
  }
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
