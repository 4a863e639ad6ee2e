// Where bundles are kept: found again, bounded, and what happens where the cache can't be written.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { BuildCache } from '../../../../core/host/builds/build-cache.ts'
import { contentHash, type Bundle } from '../../../../core/host/builds/bundle.ts'
import { MAX_UNUSED_BUNDLES, TemporaryBundles } from '../../../../core/host/builds/temporary-bundles.ts'
import { tempFolder } from '../../../support/temp-folder.ts'

function scene(dirOf: (folder: string) => string | undefined) {
  const folder = tempFolder()
  const entryFile = join(folder, 'hello.ts')
  writeFileSync(entryFile, 'content')
  const warnings: string[] = []
  const cache = new BuildCache({ dir: dirOf(folder), salt: 'salt', warn: (problem) => warnings.push(problem) })
  onTestFinished(() => cache.close())
  const store = (hash: string): Promise<Bundle> =>
    cache.store(entryFile, Buffer.from(hash), [{ path: entryFile, hash }])
  return { folder, entryFile, cache, store, warnings }
}

/** Not even root writes below a file. */
const belowFile = (folder: string): string => {
  writeFileSync(join(folder, 'file'), '')
  return join(folder, 'file', 'cache')
}

describe.each([
  [
    'that can not be written',
    belowFile,
    /^the cache of compiled plugins, .*file\/cache\/plugins, can't be written: .*III_CACHE_DIR/,
  ],
  ['of a user without a home', () => undefined, /^there is no folder .* no home.*III_CACHE_DIR/],
])('a cache %s', (_what, dirOf, warning) => {
  test('gives its place to a folder that nobody else may read, says so once, and removes it at the end', async () => {
    const { cache, store, warnings } = scene(dirOf)
    const [one, two] = [await store('1'), await store('2')]
    expect([one, two].map(({ file }) => readFileSync(file, 'utf8'))).toEqual(['1', '2'])
    expect(warnings).toEqual([expect.stringMatching(warning)])
    const folder = dirname(one.file)
    expect(warnings[0]).toContain(folder)
    expect(statSync(folder).mode & 0o077).toBe(0)
    await cache.close()
    expect(existsSync(folder)).toBe(false)
  })

  test('finds what it has compiled for as long as it is open', async () => {
    const { cache, entryFile } = scene(dirOf)
    const hash = contentHash('content')
    const made = await cache.store(entryFile, Buffer.from('code'), [{ path: entryFile, hash }])
    expect(await cache.find(entryFile)).toEqual(made)
  })

  test('keeps a bounded number of bundles that nothing runs with, and all of the others', async () => {
    const { cache, store } = scene(dirOf)
    const first = await store('first')
    cache.retain(first)
    for (let build = 0; build <= MAX_UNUSED_BUNDLES; build++) await store(String(build))
    expect(existsSync(first.file)).toBe(true)
    expect(readdirSync(dirname(first.file))).toHaveLength(MAX_UNUSED_BUNDLES + 1)
  })
})

test('a cache whose folder is deleted is made again', async () => {
  const { cache, store, folder, warnings } = scene((own) => join(own, 'cache'))
  await store('1')
  await cache.flushed()
  rmSync(join(folder, 'cache'), { recursive: true })
  const { file } = await store('2')
  expect([file.startsWith(join(folder, 'cache')), readFileSync(file, 'utf8'), warnings]).toEqual([true, '2', []])
})

test('a cache that can be written no longer is replaced from then on', async () => {
  const { cache, store, folder, warnings } = scene((own) => join(own, 'cache'))
  const before = await store('1')
  await cache.flushed()
  rmSync(join(folder, 'cache'), { recursive: true })
  writeFileSync(join(folder, 'cache'), '')
  const after = await store('2')
  expect([before, after].map(({ file }) => file.startsWith(folder))).toEqual([true, false])
  expect(warnings).toHaveLength(1)
})

test('where nothing can be written, all places and the remedy are named', async () => {
  const folder = tempFolder()
  const places = [join(folder, 'a'), join(folder, 'b')]
  writeFileSync(places[0]!, '')
  mkdirSync(join(folder, 'c'))
  const bundles = new TemporaryBundles({ cacheDir: '/cache', warn: () => {}, isInUse: () => false, places })
  await expect(bundles.write('x.mjs', Buffer.from(''))).rejects.toThrow(
    `the cache of compiled plugins, /cache, can't be written, nor can ${places.join(' or ')}; set III_CACHE_DIR`,
  )
  const later = new TemporaryBundles({
    cacheDir: '/cache',
    warn: () => {},
    isInUse: () => false,
    places: [...places, join(folder, 'c')],
  })
  expect(await later.write('x.mjs', Buffer.from(''))).toMatch(join(folder, 'c', 'iii-host-plugins-'))
  await later.remove()
})

test('the manifest keeps a bounded number of builds; bundles that none names go when they are old and unused', async () => {
  const folder = tempFolder()
  const cache = new BuildCache({ dir: folder, salt: 'salt', maxBundles: 2 })
  const entryFile = join(folder, 'hello.ts')
  const bundles = []
  for (const text of ['1', '2', '3', '4']) {
    bundles.push(await cache.store(entryFile, Buffer.from(text), [{ path: entryFile, hash: text }]))
  }
  await cache.flushed()
  const release = cache.retain(bundles[0]!)
  const modules = () => readdirSync(join(folder, 'plugins')).filter((file) => file.endsWith('.mjs')).length
  await cache.prune(Date.now())
  expect(modules()).toBe(4)
  await cache.prune(Date.now() + 2 * 60 * 60_000)
  expect(modules()).toBe(3)
  release()
  await cache.prune(Date.now() + 2 * 60 * 60_000)
  expect(modules()).toBe(2)
})

describe('a file that looks as it did when it was read last', () => {
  const inHalfAMinute = (): void => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30_000 })
    onTestFinished(() => void vi.useRealTimers())
  }

  async function stored() {
    const { cache, folder, entryFile } = scene((own) => join(own, 'cache'))
    const made = await cache.store(entryFile, Buffer.from('code'), [{ path: entryFile, hash: contentHash('content') }])
    await cache.flushed()
    const manifest = join(
      dirname(made.file),
      readdirSync(dirname(made.file)).find((file) => file.endsWith('.json'))!,
    )
    /** As the next start sees it. */
    const find = async (): Promise<Bundle | undefined> => {
      const next = new BuildCache({ dir: join(folder, 'cache'), salt: 'salt' })
      const found = await next.find(entryFile)
      await next.close()
      return found
    }
    return { entryFile, made, manifest, find }
  }

  /** Only one who does not read the file takes it for this. */
  const claimOtherContent = (manifest: string): void => {
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(contentHash('content'), contentHash('other')))
  }

  test('is not read again', async () => {
    const { manifest, find, made } = await stored()
    inHalfAMinute()
    await find()
    claimOtherContent(manifest)
    expect(await find()).toMatchObject({ file: made.file, inputs: [{ hash: contentHash('other') }] })
  })

  test('is read all the same while it is so young that it may change and look the same', async () => {
    const { manifest, find } = await stored()
    await find()
    claimOtherContent(manifest)
    expect(await find()).toBeUndefined()
  })

  test('is read after a change that keeps its length and is given its old time', async () => {
    const { entryFile, find, made } = await stored()
    inHalfAMinute()
    expect(await find()).toMatchObject({ file: made.file })
    const { atime, mtime } = statSync(entryFile)
    writeFileSync(entryFile, 'CONTENT')
    utimesSync(entryFile, atime, mtime)
    expect(await find()).toBeUndefined()
  })
})
