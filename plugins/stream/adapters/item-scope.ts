// Stream and group as one text. JSON keeps the pair apart whatever is in the names: `a:b` + `c` is not `a` + `b:c`.

export function scopeOf(stream: string, group: string): string {
  return `[${JSON.stringify(stream)},${JSON.stringify(group)}]`
}

export function readScope(scope: string): readonly [stream: string, group: string] {
  return JSON.parse(scope) as [string, string]
}

/** The scopes of one stream stand from the first up to the second of these texts: a comma follows its name, and `-` follows the comma. */
export function scopeRange(stream: string): readonly [from: string, to: string] {
  return [`[${JSON.stringify(stream)},`, `[${JSON.stringify(stream)}-`]
}

/** Every stream once, with its groups. */
export function byStream(scopes: Iterable<string>): { id: string; groups: string[] }[] {
  const streams = new Map<string, string[]>()
  for (const scope of scopes) {
    const [stream, group] = readScope(scope)
    const groups = streams.get(stream)
    if (groups === undefined) streams.set(stream, [group])
    else groups.push(group)
  }
  return [...streams].map(([id, groups]) => ({ id, groups }))
}

/** `scopeOf` for calls that mostly follow each other in one group: a burst to a group puts its name together once. */
export class ScopeNames {
  #stream = ''
  #group = ''
  #scope = scopeOf('', '')

  of(stream: string, group: string): string {
    if (stream === this.#stream && group === this.#group) return this.#scope
    this.#stream = stream
    this.#group = group
    return (this.#scope = scopeOf(stream, group))
  }
}
