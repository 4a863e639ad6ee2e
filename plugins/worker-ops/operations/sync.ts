// `iii worker sync` (spec 05 B.7): fetches exactly what `iii.lock` pins, as after a fresh clone. No version is chosen anew, and no file
// of the project changes.
import { WorkerOpError } from '../errors.ts'
import type { InstalledWorker } from '../installing.ts'
import type { OperationDeps } from './deps.ts'

export interface SyncOutcome {
  /** What was fetched. */
  readonly installed: readonly { readonly name: string; readonly version: string | null }[]
  /** Names of what was there. */
  readonly current: readonly string[]
}

export async function sync(_data: unknown, deps: OperationDeps): Promise<SyncOutcome> {
  return deps.lock.hold(async () => {
    const installer = await deps.installer()
    const fetched: InstalledWorker[] = []
    const current: string[] = []
    for (const name of await installer.pinnedNames()) {
      const worker = await installer.pinned(name)
      if (worker === undefined) throw noContainers(name)
      if (worker.state === 'missing') fetched.push(await installer.fetch(worker))
      else current.push(name)
    }
    await installer.tidy()
    return { installed: fetched.map(({ name, version }) => ({ name, version: version ?? null })), current }
  })
}

function noContainers(name: string): WorkerOpError {
  const message = 'container workers are not supported'
  const text = `OCI pull failed for '${name}', which iii.lock pins: ${message}. Remove it, or run it by other means.`
  return new WorkerOpError('W141', text, { reference: name, message })
}
