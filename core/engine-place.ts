// Where this engine lies: what plugins are built against and import. Known without a running engine.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { EnginePlace } from './host/builds/build.ts'
import { StartError } from './start-error.ts'
import { ENGINE_VERSION } from './version.ts'

const ROOT = dirname(fileURLToPath(import.meta.url)).replace(/[\\/]core$/, '')

/** @throws StartError when the installation is not whole. */
export function enginePlace(): EnginePlace & { readonly version: string } {
  const pluginModule = ['ts', 'js']
    .map((extension) => join(ROOT, 'sdk', `plugin.${extension}`))
    .find((path) => existsSync(path))
  if (pluginModule === undefined) throw new StartError(`${join(ROOT, 'sdk')} is missing; install iii-host again`)
  return { root: ROOT, pluginModule, version: ENGINE_VERSION }
}
