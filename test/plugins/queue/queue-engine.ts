// A whole engine with `iii-queue`, in this process.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEngine, type Engine } from '../../../index.ts'
import { createLog } from '../../../core/log.ts'

export interface QueueEngine {
  readonly engine: Engine
  readonly folder: string
  close(): Promise<void>
}

/** @param config of the worker, in YAML's flow style */
export async function startQueueEngine(config = '{}', folder?: string): Promise<QueueEngine> {
  const dir = folder ?? (await mkdtemp(join(tmpdir(), 'iii-queue-')))
  const entries = `  - { name: iii-worker-manager, config: { port: 0 } }\n  - { name: iii-queue, config: ${config} }\n`
  await writeFile(join(dir, 'iii-config.yaml'), `workers:\n${entries}`)
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true })
  const log = createLog({ level: 'silent', write: () => {} })
  const engine = await startEngine({ cwd: dir, watch: false, log }).catch(async (error: unknown) => {
    await remove()
    throw error
  })
  return {
    engine,
    folder: dir,
    async close() {
      await engine.close()
      await remove()
    },
  }
}
