// Where an engine keeps what it has compiled, from one start to the next.
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/** Handed in by tests. */
export interface UserPlace {
  readonly platform: NodeJS.Platform
  homedir(): string
}

const THIS_USER: UserPlace = { platform: process.platform, homedir }

/** `III_CACHE_DIR`, else the user's cache folder; undefined for a user without a home. The launcher decides in the same way. */
export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env, user = THIS_USER): string | undefined {
  if (env['III_CACHE_DIR']) return env['III_CACHE_DIR']
  if (user.platform === 'win32' && env['LOCALAPPDATA']) return join(env['LOCALAPPDATA'], 'iii-host', 'cache')
  const home = homeFolder(user)
  if (user.platform === 'darwin') return home && join(home, 'Library', 'Caches', 'iii-host')
  const caches = env['XDG_CACHE_HOME'] || (home && join(home, '.cache'))
  return caches && join(caches, 'iii-host')
}

/** Throws nothing where neither the environment nor the system knows one. */
function homeFolder(user: UserPlace): string | undefined {
  try {
    const home = user.homedir()
    return isAbsolute(home) ? home : undefined
  } catch {
    return undefined
  }
}
