// A configuration without a file and without entries: what an engine in one process is made from.
import { join } from 'node:path'
import type { EngineConfig } from '../core/config/types.ts'
import { ENGINE_DEFAULTS, type EngineOptions } from '../core/model/options.ts'

export function bareConfig(projectRoot: string, engine: Partial<EngineOptions> = {}): EngineConfig {
  return {
    file: null,
    projectRoot,
    pluginsDir: join(projectRoot, 'plugins'),
    engine: { ...ENGINE_DEFAULTS, ...engine },
    registrationNamespaceGraceMs: 0,
    entries: [],
    warnings: [],
  }
}
