// Where an engine keeps what it has compiled, from one start to the next.
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/** `III_CACHE_DIR`, else the user's cache folder; undefined for a user without a home. The launcher decides in the same way. */
export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env['III_CACHE_DIR']) return env['III_CACHE_DIR']
  if (process.platform === 'win32' && env['LOCALAPPDATA']) return join(env['LOCALAPPDATA'], 'iii-host', 'cache')
  const home = homeFolder()
  if (process.platform === 'darwin') return home && join(home, 'Library', 'Caches', 'iii-host')
  const caches = env['XDG_CACHE_HOME'] || (home && join(home, '.cache'))
  return caches && join(caches, 'iii-host')
}

/** Throws nothing where neither the environment nor the system knows one. */
function homeFolder(): string | undefined {
  try {
    const home = homedir()
    return isAbsolute(home) ? home : undefined
  } catch {
    return undefined
  }
}
