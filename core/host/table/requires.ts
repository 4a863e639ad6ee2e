// The order in which plugins start, from what each `requires` (spec 09 §2). Pure.

export interface RequiresOrder {
  /** Plugins of one level need nothing of the same or a later level: they start together. Shutdown goes backwards. */
  readonly levels: readonly (readonly string[])[]
  /** Plugins that can't start, with the reason: a missing one, or the circle, by name. */
  readonly problems: ReadonlyMap<string, string>
}

/**
 * @param wanted the name of each plugin that is to run, with the names that it requires.
 * @param down plugins that are wanted as well and can't run, each with the reason.
 */
export function orderByRequires(
  wanted: ReadonlyMap<string, readonly string[]>,
  down: ReadonlyMap<string, string> = new Map(),
): RequiresOrder {
  const problems = new Map<string, string>()
  const level = new Map<string, number>()
  for (const name of wanted.keys()) levelOf(name, [])

  const levels: string[][] = []
  for (const name of wanted.keys()) {
    if (problems.has(name)) continue
    const at = level.get(name) ?? 0
    while (levels.length <= at) levels.push([])
    levels[at]?.push(name)
  }
  return { levels, problems }

  /** undefined = it can't start. */
  function levelOf(name: string, path: readonly string[]): number | undefined {
    const known = level.get(name)
    if (known !== undefined) return known
    if (problems.has(name)) return undefined
    const position = path.indexOf(name)
    if (position >= 0) {
      const circle = [...path.slice(position), name].join(' → ')
      for (const member of path.slice(position))
        problems.set(member, `these plugins require each other in a circle: ${circle}`)
      return undefined
    }
    let highest = -1
    for (const required of wanted.get(name) ?? []) {
      if (!wanted.has(required)) {
        const reason = down.get(required)
        const why = reason === undefined ? 'has no entry in the configuration or is disabled' : `can't start: ${reason}`
        problems.set(name, `'${name}' requires the plugin '${required}', which ${why}`)
        return undefined
      }
      const below = levelOf(required, [...path, name])
      if (problems.has(name)) return undefined
      if (below === undefined) {
        problems.set(name, `'${name}' requires the plugin '${required}', which can't start: ${problems.get(required)}`)
        return undefined
      }
      highest = Math.max(highest, below)
    }
    level.set(name, highest + 1)
    return highest + 1
  }
}

/** Items that stand for plugins, several for one plugin too, in levels: what another of them requires comes first. */
export function inLevels<Item>(
  items: readonly Item[],
  of: (item: Item) => { readonly plugin: string; readonly requires: readonly string[] },
): Item[][] {
  const byPlugin = Map.groupBy(items, (item) => of(item).plugin)
  const wanted = new Map<string, readonly string[]>()
  for (const [plugin, own] of byPlugin) {
    const requires = new Set(own.flatMap((item) => of(item).requires))
    wanted.set(
      plugin,
      [...requires].filter((required) => byPlugin.has(required)),
    )
  }
  const { levels, problems } = orderByRequires(wanted)
  // A circle has no order, but all of its members.
  const all = problems.size === 0 ? levels : [...levels, [...problems.keys()]]
  return all.map((plugins) => plugins.flatMap((plugin) => byPlugin.get(plugin) ?? []))
}
