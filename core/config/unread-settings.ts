// Files in the folder of stored settings that nobody reads: those of workers that do not run. What is named like no worker may be anybody's.
import { readdir } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import type { EngineConfig } from './types.ts'
import type { WorkerNames } from './worker-names.ts'

/** Warnings, at most one for each name of a worker; none where the settings are kept by another engine. */
export async function unreadSettings(
  { entries, projectRoot }: EngineConfig,
  names: WorkerNames,
  userPlugins: ReadonlySet<string>,
): Promise<string[]> {
  const keeper = names.builtIns.find(({ about }) => about.settingsFolder !== undefined)?.about
  const folder = await keeper?.settingsFolder?.(entries.find(({ name }) => name === keeper.name)?.config ?? {})
  if (folder === undefined) return []
  const path = resolve(projectRoot, folder)
  const files = (await readdir(path).catch(() => [])).filter((file) => file.endsWith('.yaml')).sort()
  const wanted = new Set(entries.filter(({ enabled }) => enabled).flatMap(({ name, instanceId }) => [name, instanceId]))
  return files.flatMap((file) => {
    const worker = names.canonicalName(file.slice(0, -'.yaml'.length))
    if (wanted.has(worker) || (!names.isKnown(worker) && !userPlugins.has(worker))) return []
    const runs = names.isProvided(worker) || userPlugins.has(worker)
    const why = runs ? 'has no enabled entry in the configuration' : 'is not part of this version'
    return `${relative(projectRoot, join(path, file))}: nobody reads these settings: '${worker}' ${why}`
  })
}
