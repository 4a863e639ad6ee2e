// Decodes what a URL says, as every door of the engine tells it to auth functions (spec 04 B.3). Pure.

/** Names and values of a query, without its `?`; every value in an array. */
export function decodeQuery(query: string): Record<string, string[]> {
  const parameters: Record<string, string[]> = Object.create(null)
  for (const pair of query.split('&')) {
    const equalsAt = pair.indexOf('=')
    const name = decodePercent(equalsAt === -1 ? pair : pair.slice(0, equalsAt))
    if (name === '') continue
    const values = (parameters[name] ??= [])
    values.push(equalsAt === -1 ? '' : decodePercent(pair.slice(equalsAt + 1)))
  }
  return parameters
}

/** `+` stays `+`; malformed escapes stay as they are. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
