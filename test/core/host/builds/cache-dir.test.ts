// Where the cache lies, by what the environment says.
import { expect, test, vi } from 'vitest'
import { defaultCacheDir } from '../../../../core/host/builds/cache-dir.ts'

const home = vi.hoisted(() => ({ folder: (): string => '/home/ada' }))
vi.mock('node:os', async (original) => ({ ...(await original<object>()), homedir: () => home.folder() }))

test.runIf(process.platform === 'linux')('III_CACHE_DIR, else the cache folder of the user', () => {
  expect(defaultCacheDir({ III_CACHE_DIR: '/cache', XDG_CACHE_HOME: '/xdg' })).toBe('/cache')
  expect(defaultCacheDir({ III_CACHE_DIR: '', XDG_CACHE_HOME: '/xdg' })).toBe('/xdg/iii-host')
  expect(defaultCacheDir({})).toBe('/home/ada/.cache/iii-host')
})

test.runIf(process.platform === 'linux')('a user without a home has none', () => {
  home.folder = () => {
    throw new Error('A system error occurred: uv_os_homedir returned ENOENT')
  }
  expect(defaultCacheDir({})).toBeUndefined()
  home.folder = () => ''
  expect(defaultCacheDir({})).toBeUndefined()
})
