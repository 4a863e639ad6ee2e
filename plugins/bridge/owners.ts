// Which ids are taken by plugins of this engine: none of them can be forwarded. At a start the engine refuses them; later it is asked before.
import type { PluginHandle } from '../../sdk/plugin.ts'

/** That `engine::functions::info` describes at once. */
const MAX_IDS = 32

export interface OwnedId {
  readonly id: string
  readonly owner: string
}

export async function ownersOf(iii: Pick<PluginHandle, 'trigger'>, ids: readonly string[]): Promise<OwnedId[]> {
  if (ids.length === 0) return []
  const { plugins } = await iii.trigger<unknown, { plugins: readonly { name: string }[] }>({
    function_id: 'engine::plugins::list',
    payload: {},
  })
  const names = new Set(plugins.map(({ name }) => name))
  const owned: OwnedId[] = []
  for (let at = 0; at < ids.length; at += MAX_IDS) {
    const { functions } = await iii.trigger<unknown, { functions: readonly Info[] }>({
      function_id: 'engine::functions::info',
      payload: { function_ids: ids.slice(at, at + MAX_IDS) },
    })
    for (const { function_id: id, worker_name: owner } of functions)
      if (owner !== undefined && names.has(owner)) owned.push({ id, owner })
  }
  return owned
}

interface Info {
  readonly function_id: string
  /** Absent where there is no such function. */
  readonly worker_name?: string
}
