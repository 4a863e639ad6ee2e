// What registries tell of the workers that the engine has itself: generated from what these say of themselves, so that the plugins that
// hand it to a registry import none of them. Loaded when somebody asks.
import type { EngineWorkerTable } from '../../kit/registry/engine-registry.ts'

export const ENGINE_WORKER_TABLE: EngineWorkerTable = {
  async load() {
    const { ENGINE_VERSION, ENGINE_WORKERS } = await import('./workers.generated.ts')
    return { version: ENGINE_VERSION, workers: ENGINE_WORKERS }
  },
  async details(name) {
    const { ENGINE_WORKER_DETAILS } = await import('./details.generated.ts')
    return ENGINE_WORKER_DETAILS[name]
  },
}
