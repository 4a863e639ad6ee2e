// The setting `auto_download` (spec 05 A.1): the skills of a worker come with it.
import type { PluginContext } from '../../../sdk/plugin.ts'
import { isRecord } from '../../../base/values/is-record.ts'
import type { DownloadRequest } from './download/request.ts'

const FUNCTION = 'directory::skills::on-worker-added'
const NOTHING: DownloadRequest = {
  worker: undefined,
  version: undefined,
  tag: undefined,
  repo: undefined,
  skill: undefined,
  branch: undefined,
}

/** Binds the trigger type `worker`, whose provider need not run yet. */
export function downloadWithWorkers(
  { iii, log }: Pick<PluginContext, 'iii' | 'log'>,
  download: (request: DownloadRequest) => Promise<{ readonly skills_written: readonly string[] }>,
): void {
  iii.registerFunction(
    FUNCTION,
    async (event: unknown) => {
      const { worker, version, source } = isRecord(event) ? event : {}
      // What is added from a folder is in no registry.
      const isPublished = !isRecord(source) || source['kind'] === undefined || source['kind'] === 'registry'
      if (typeof worker !== 'string' || !isPublished) return
      try {
        const at = typeof version === 'string' ? { version } : {}
        const { skills_written: written } = await download({ ...NOTHING, worker, ...at })
        log.info(`the skills of '${worker}' were downloaded`, { count: written.length })
      } catch (error) {
        log.warn(`the skills of '${worker}' could not be downloaded: ${(error as Error).message}`)
      }
    },
    { description: 'Downloads the skills of a worker that was added.', metadata: { internal: true } },
  )
  iii.registerTrigger({
    type: 'worker',
    function_id: FUNCTION,
    config: { operations: ['add'], stages: ['done'] },
  } as never)
}
