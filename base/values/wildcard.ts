// The wildcard of expose filters and `allow:` lists (spec 04 B.2): `*` is any run of characters, all else literal, anchored at both ends.

/** True when `text` matches `pattern`. Case-sensitive; `*` crosses `::`. */
export function matchesWildcard(pattern: string, text: string): boolean {
  const parts = pattern.split('*')
  const first = parts[0] ?? ''
  if (parts.length === 1) return first === text
  const last = parts[parts.length - 1] ?? ''
  if (!text.startsWith(first)) return false
  let from = first.length
  for (let index = 1; index < parts.length - 1; index++) {
    const part = parts[index] ?? ''
    const at = text.indexOf(part, from)
    if (at === -1) return false
    from = at + part.length
  }
  return text.length - last.length >= from && text.endsWith(last)
}
