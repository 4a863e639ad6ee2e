// How deep a configuration nests. Looked at before it is read: what reads YAML goes down by recursion, and the stack of a text of a
// few kilobytes can be too deep for it.
import type { CST } from 'yaml'

/** Lists and maps in each other. */
export const MAX_CONFIG_DEPTH = 100

/** Where the first list or map begins that is nested too deep; undefined when there is none. */
export function tooDeepAt(tokens: Iterable<CST.Token>): number | undefined {
  const open = [...tokens].reverse().map((token) => ({ token, depth: 0 }))
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next
    const isContainer = 'items' in token
    if (isContainer && depth === MAX_CONFIG_DEPTH) return token.offset
    for (const child of childrenOf(token).reverse()) open.push({ token: child, depth: isContainer ? depth + 1 : depth })
  }
  return undefined
}

function childrenOf(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value]
  if (!('items' in token)) return []
  return token.items.flatMap(({ key, value }) => [key ?? [], value ?? []].flat())
}
