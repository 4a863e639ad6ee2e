// The version of this engine, from its package.json: one folder up from core/ in the sources, two in dist/core/ of the package.
import { readFileSync } from 'node:fs'

/** Version of the package, e.g. `0.1.0`. */
export const ENGINE_VERSION: string = readVersion()

function readVersion(): string {
  for (const place of ['../package.json', '../../package.json']) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'))
      const { name, version } = manifest as { name?: unknown; version?: unknown }
      if (name === 'iii-host' && typeof version === 'string') return version
    } catch {
      continue
    }
  }
  throw new Error(
    'package.json of iii-host not found beside its code; the installation is incomplete, install it again',
  )
}
