// Plugins whose folders are deleted, made again, moved and replaced while they run: the way deployments and version control save files.
import { cpSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { greeter, testHost, type TestHost } from './test-host.ts'

interface Scene extends TestHost {
  readonly path: (name: string) => string
  /** Writes a plugin `hello` into any folder. */
  make(folder: string, text: string): void
  /** Waits until `hello` answers so. */
  greets(text: string): Promise<void>
  /** Saves in place, and each save is taken up. */
  takesUpSaves(folder?: string): Promise<void>
}

async function running(): Promise<Scene> {
  const host = testHost({ watch: true })
  const path = (name: string): string => join(host.folder, name)
  const make = (folder: string, text: string): void => {
    mkdirSync(path(`${folder}/lib`), { recursive: true })
    writeFileSync(path(`${folder}/lib/text.ts`), `export const text = '${text}'\n`)
    writeFileSync(
      path(`${folder}/index.ts`),
      greeter('hello', '').replace("() => ''", '() => text') + "import { text } from './lib/text.ts'\n",
    )
  }
  const greets = async (text: string): Promise<void> => {
    await vi.waitFor(async () => expect(await host.call('hello::greet')).toBe(text), { timeout: 10_000, interval: 5 })
  }
  const takesUpSaves = async (folder = 'plugins/hello'): Promise<void> => {
    for (const text of ['edit one', 'edit two', 'edit three']) {
      writeFileSync(path(`${folder}/lib/text.ts`), `export const text = '${text}'\n`)
      await greets(text)
    }
  }
  return Object.assign(host, { path, make, greets, takesUpSaves })
}

describe('the folder of a plugin', () => {
  test('that is deleted and copied back at once is taken up, time and again, and so are later saves', async () => {
    const scene = await running()
    scene.make('plugins/hello', 'old')
    await scene.start({ name: 'hello' })
    for (const text of ['first', 'second', 'third']) {
      scene.make('copy', text)
      rmSync(scene.path('plugins/hello'), { recursive: true })
      cpSync(scene.path('copy'), scene.path('plugins/hello'), { recursive: true })
      await scene.greets(text)
    }
    await scene.takesUpSaves()
    expect((await scene.row('hello')).stale).toBeUndefined()
  })

  test('that is deleted for a while serves on, and is taken up when it is back', async () => {
    const scene = await running()
    scene.make('plugins/hello', 'old')
    await scene.start({ name: 'hello' })
    for (const text of ['first', 'second']) {
      scene.forgetEvents()
      rmSync(scene.path('plugins/hello'), { recursive: true })
      expect(await scene.event('stale')).toMatchObject({ error: expect.stringContaining('are gone') })
      await vi.waitFor(async () => expect((await scene.row('hello')).origin).toBe('its files are gone'), 10_000)
      scene.make('plugins/hello', text)
      await scene.greets(text)
      await scene.takesUpSaves()
      expect(await scene.row('hello')).toMatchObject({ origin: 'plugins/hello' })
      expect((await scene.row('hello')).stale).toBeUndefined()
    }
  })

  test('is taken up file by file, however slowly it is copied', async () => {
    const scene = await running()
    scene.make('plugins/hello', 'old')
    scene.make('copy', 'new')
    await scene.start({ name: 'hello' })
    rmSync(scene.path('plugins/hello'), { recursive: true })
    await scene.event('stale')
    mkdirSync(scene.path('plugins/hello'))
    cpSync(scene.path('copy/index.ts'), scene.path('plugins/hello/index.ts'))
    await vi.waitFor(async () => expect((await scene.row('hello')).stale?.error).toContain('lib/text.ts'), 10_000)
    cpSync(scene.path('copy/lib'), scene.path('plugins/hello/lib'), { recursive: true })
    await scene.greets('new')
    await scene.takesUpSaves()
  })

  test('into whose place another is moved is taken up', async () => {
    const scene = await running()
    scene.make('plugins/hello', 'old')
    scene.make('next', 'new')
    await scene.start({ name: 'hello' })
    renameSync(scene.path('plugins/hello'), scene.path('away'))
    renameSync(scene.path('next'), scene.path('plugins/hello'))
    await scene.greets('new')
    await scene.takesUpSaves()
  })

  test('that is a link is taken up when the link is pointed elsewhere', async () => {
    const scene = await running()
    mkdirSync(scene.path('plugins'))
    scene.make('v1', 'one')
    scene.make('v2', 'two')
    symlinkSync('../v1', scene.path('plugins/hello'))
    await scene.start({ name: 'hello' })
    await scene.takesUpSaves('v1')
    symlinkSync('../v2', scene.path('link'))
    renameSync(scene.path('link'), scene.path('plugins/hello'))
    await scene.greets('two')
    await scene.takesUpSaves('v2')
  })

  test('whose entry has been waiting for it is started when it appears piece by piece', async () => {
    const scene = await running()
    mkdirSync(scene.path('plugins'))
    await scene.start({ name: 'hello' })
    mkdirSync(scene.path('plugins/hello'))
    scene.make('copy', 'new')
    cpSync(scene.path('copy/lib'), scene.path('plugins/hello/lib'), { recursive: true })
    cpSync(scene.path('copy/index.ts'), scene.path('plugins/hello/index.ts'))
    await scene.event('started')
    await scene.greets('new')
  })
})

describe('the file of a plugin', () => {
  test('that is a link is taken up when the link is pointed elsewhere, and when its target is saved', async () => {
    const scene = await running()
    mkdirSync(scene.path('plugins'))
    for (const version of ['one', 'two']) writeFileSync(scene.path(`${version}.ts`), greeter('hello', version))
    symlinkSync('../one.ts', scene.path('plugins/hello.ts'))
    await scene.start({ name: 'hello' })
    await scene.greets('one')
    symlinkSync('../two.ts', scene.path('link'))
    renameSync(scene.path('link'), scene.path('plugins/hello.ts'))
    await scene.greets('two')
    writeFileSync(scene.path('two.ts'), greeter('hello', 'two, saved'))
    await scene.greets('two, saved')
  })
})

describe('what a plugin imports from outside of its folder', () => {
  const importing = (scene: Scene, from: string): void =>
    scene.write(
      'plugins/hello.ts',
      `import { text } from '${from}'\n${greeter('hello', '').replace("() => ''", '() => text')}`,
    )
  const OUTSIDE = [
    ['a folder beside', '../shared/deep/text.ts', 'shared', 'deep/text.ts'],
    ['a package', 'words', 'node_modules/words', 'index.js'],
  ] as const
  const put = (scene: Scene, folder: string, file: string, text: string): void => {
    mkdirSync(dirname(scene.path(`${folder}/${file}`)), { recursive: true })
    writeFileSync(scene.path(`${folder}/package.json`), '{ "type": "module", "main": "index.js" }')
    writeFileSync(scene.path(`${folder}/${file}`), `export const text = '${text}'\n`)
  }

  test.each(OUTSIDE)('%s, deleted and copied back at once', async (_what, from, folder, file) => {
    const scene = await running()
    put(scene, folder, file, 'old')
    importing(scene, from)
    await scene.start({ name: 'hello' })
    for (const text of ['first', 'second', 'third']) {
      put(scene, 'copy', file, text)
      rmSync(scene.path(folder), { recursive: true })
      cpSync(scene.path('copy'), scene.path(folder), { recursive: true })
      await scene.greets(text)
    }
    writeFileSync(scene.path(`${folder}/${file}`), `export const text = 'edited'\n`)
    await scene.greets('edited')
  })

  test.each(OUTSIDE)(
    '%s, deleted for a while, and with another moved into its place',
    async (_what, from, folder, file) => {
      const scene = await running()
      put(scene, folder, file, 'old')
      importing(scene, from)
      await scene.start({ name: 'hello' })
      for (const text of ['first', 'second']) {
        scene.forgetEvents()
        rmSync(scene.path(folder), { recursive: true })
        await scene.event('stale')
        put(scene, folder, file, text)
        await scene.greets(text)
      }
      put(scene, 'next', file, 'moved')
      renameSync(scene.path(folder), scene.path('away'))
      renameSync(scene.path('next'), scene.path(folder))
      await scene.greets('moved')
      writeFileSync(scene.path(`${folder}/${file}`), `export const text = 'edited'\n`)
      await scene.greets('edited')
    },
  )

  test.each(OUTSIDE)('%s, not there yet at the start', async (_what, from, folder, file) => {
    const scene = await running()
    writeFileSync(scene.path('package.json'), '{}')
    importing(scene, from)
    const { failed } = await scene.start({ name: 'hello' })
    expect(failed).toMatchObject([{ code: 'PLUGIN_BUILD_FAILED' }])
    put(scene, folder, file, 'here')
    await scene.greets('here')
  })

  test('a package whose files come one after the other', async () => {
    const scene = await running()
    mkdirSync(scene.path('node_modules'))
    importing(scene, 'words')
    await scene.start({ name: 'hello' })
    scene.forgetEvents()
    mkdirSync(scene.path('node_modules/words/lib'), { recursive: true })
    writeFileSync(scene.path('node_modules/words/package.json'), '{ "type": "module", "main": "lib/index.js" }')
    await scene.event('failed')
    writeFileSync(scene.path('node_modules/words/lib/index.js'), `export const text = 'installed'\n`)
    writeFileSync(scene.path('node_modules/.package-lock.json'), '{}')
    await scene.greets('installed')
  })
})

describe('plugins_dir', () => {
  test.each([
    ['deleted and copied back at once', false],
    ['deleted for a while', true],
  ])('that is %s is followed', async (_how, pause) => {
    const scene = await running()
    scene.make('plugins/hello', 'old')
    await scene.start({ name: 'hello' })
    for (const text of ['first', 'second']) {
      scene.forgetEvents()
      scene.make('copy/hello', text)
      rmSync(scene.path('plugins'), { recursive: true })
      if (pause) await scene.event('stale')
      cpSync(scene.path('copy'), scene.path('plugins'), { recursive: true })
      await scene.greets(text)
    }
    await scene.takesUpSaves()
  })

  test('into whose place another is moved is followed, with the plugins that are new in it', async () => {
    const scene = await running()
    scene.make('plugins/hello', 'old')
    scene.make('next/hello', 'new')
    await scene.start({ name: 'hello' }, { name: 'other' })
    renameSync(scene.path('plugins'), scene.path('away'))
    renameSync(scene.path('next'), scene.path('plugins'))
    await scene.greets('new')
    scene.write('plugins/other.ts', greeter('other', 'here'))
    await scene.event('started', 'other')
    await scene.takesUpSaves()
  })

  test('whose project is moved away and replaced by another is followed', async () => {
    const scene = await running()
    scene.make('plugins/hello', 'old')
    await scene.start({ name: 'hello' })
    scene.make('next/plugins/hello', 'new')
    cpSync(scene.path('next'), `${scene.folder}-next`, { recursive: true })
    try {
      renameSync(scene.folder, `${scene.folder}-old`)
      renameSync(`${scene.folder}-next`, scene.folder)
      await scene.greets('new')
      await scene.takesUpSaves()
    } finally {
      rmSync(`${scene.folder}-old`, { recursive: true })
    }
  })
})
