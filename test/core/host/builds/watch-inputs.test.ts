// Files as they change on disk, for a watcher with real folders.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../../base/time/clock.ts'
import { InputWatcher } from '../../../../core/host/builds/watch-inputs.ts'
import { Collector } from '../../../support/deadline.ts'
import { tempFolder } from '../../../support/temp-folder.ts'

function watching() {
  const folder = tempFolder()
  const changed = new Collector<string[]>()
  const dirs = new Collector<true>()
  const watcher = new InputWatcher({
    clock: systemClock,
    onChanged: (plugins) => changed.add([...plugins].sort()),
    onPluginsDir: () => dirs.add(true),
  })
  onTestFinished(() => watcher.close())
  const path = (name: string): string => join(folder, name)
  return { path, folder, changed, dirs, watcher }
}

test('a file that is written in place concerns the plugins that it is an input of', async () => {
  const { watcher, path, changed } = watching()
  for (const name of ['a.ts', 'b.ts', 'common.ts']) writeFileSync(path(name), '')
  watcher.watch('a', { files: [path('a.ts'), path('common.ts')], anyBeside: false })
  watcher.watch('b', { files: [path('b.ts'), path('common.ts')], anyBeside: false })
  writeFileSync(path('a.ts'), '1')
  expect(await changed.take(1)).toEqual([['a']])
  writeFileSync(path('common.ts'), '1')
  expect((await changed.take(2))[1]).toEqual(['a', 'b'])
})

test('a file over which another is renamed counts every time', async () => {
  const { watcher, path, changed } = watching()
  writeFileSync(path('a.ts'), '')
  watcher.watch('a', { files: [path('a.ts')], anyBeside: false })
  for (let save = 1; save <= 3; save++) {
    writeFileSync(path('draft'), String(save))
    renameSync(path('draft'), path('a.ts'))
    await changed.take(save)
  }
  expect(changed.items).toEqual([['a'], ['a'], ['a']])
})

test('a file that is no input counts only beside a build that failed', async () => {
  const { watcher, path, changed } = watching()
  writeFileSync(path('a.ts'), '')
  writeFileSync(path('b.ts'), '')
  watcher.watch('a', { files: [path('a.ts')], anyBeside: false })
  watcher.watch('b', { files: [path('b.ts')], anyBeside: true })
  writeFileSync(path('new.ts'), '')
  expect(await changed.take(1)).toEqual([['b']])
})

test('a burst of saves is one change', async () => {
  const { watcher, path, changed } = watching()
  writeFileSync(path('a.ts'), '')
  writeFileSync(path('b.ts'), '')
  watcher.watch('a', { files: [path('a.ts')], anyBeside: false })
  watcher.watch('b', { files: [path('b.ts')], anyBeside: false })
  for (let save = 0; save < 20; save++) writeFileSync(path('a.ts'), String(save))
  writeFileSync(path('b.ts'), 'end')
  expect(await changed.take(1)).toEqual([['a', 'b']])
})

test('a folder of plugins is followed from before it exists, through its removal', async () => {
  const { watcher, path, dirs } = watching()
  watcher.watchPluginsDir(path('plugins'))
  mkdirSync(path('plugins'))
  await dirs.take(1)
  const created = dirs.items.length
  writeFileSync(path('plugins/a.ts'), '')
  await dirs.take(created + 1)
  rmSync(path('plugins'), { recursive: true })
  const removed = dirs.items.length
  await dirs.take(removed + 1)
  mkdirSync(path('plugins'))
  const again = dirs.items.length
  await dirs.take(again + 1)
  writeFileSync(path('plugins/b.ts'), '')
  await dirs.take(again + 2)
})

test('nothing is told after close', async () => {
  const { watcher, path, changed, dirs } = watching()
  writeFileSync(path('a.ts'), '')
  const other = watching()
  writeFileSync(other.path('a.ts'), '')
  watcher.watch('a', { files: [path('a.ts')], anyBeside: false })
  other.watcher.watch('a', { files: [other.path('a.ts')], anyBeside: false })
  watcher.close()
  writeFileSync(path('a.ts'), '1')
  writeFileSync(other.path('a.ts'), '1')
  // The other watcher saw its later change: this one would have seen its own by now.
  await other.changed.take(1)
  expect([changed.items, dirs.items]).toEqual([[], []])
})
