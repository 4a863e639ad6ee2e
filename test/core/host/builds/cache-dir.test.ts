// Where the cache lies, by what the environment says.
import path from 'node:path'
import { expect, test } from 'vitest'
import { defaultCacheDir, type UserPlace } from '../../../../core/host/builds/cache-dir.ts'

const ada = path.resolve('/home/ada')
const user = (platform: NodeJS.Platform, homedir: () => string = () => ada): UserPlace => ({ platform, homedir })

test('III_CACHE_DIR, else the cache folder of the user', () => {
  const linux = user('linux')
  expect(defaultCacheDir({ III_CACHE_DIR: '/cache', XDG_CACHE_HOME: '/xdg' }, linux)).toBe('/cache')
  expect(defaultCacheDir({ III_CACHE_DIR: '', XDG_CACHE_HOME: '/xdg' }, linux)).toBe(path.join('/xdg', 'iii-host'))
  expect(defaultCacheDir({}, linux)).toBe(path.join(ada, '.cache', 'iii-host'))
  expect(defaultCacheDir({}, user('darwin'))).toBe(path.join(ada, 'Library', 'Caches', 'iii-host'))
  expect(defaultCacheDir({ LOCALAPPDATA: ada }, user('win32'))).toBe(path.join(ada, 'iii-host', 'cache'))
})

test.each<[string, () => string]>([
  ['whom the system does not know', () => failing()],
  ['whose home is nowhere', () => ''],
])('a user %s has none', (_who, homedir) => {
  expect(defaultCacheDir({}, user('linux', homedir))).toBeUndefined()
})

function failing(): never {
  throw new Error('A system error occurred: uv_os_homedir returned ENOENT')
}
