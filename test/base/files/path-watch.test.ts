// Paths whose folders come, go and are replaced under the watch, on a real file system.
import { cpSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { PathWatch } from '../../../base/files/path-watch.ts'
import { Collector } from '../../support/deadline.ts'
import { tempFolder } from '../../support/temp-folder.ts'

function watching() {
  const root = tempFolder()
  const events = new Collector<string>()
  const watch = new PathWatch({
    onEvent: (path, name) =>
      events.add(path.slice(root.length + 1).replaceAll(sep, '/') + (name === undefined ? '' : ` ${name}`)),
    onError: (error) => events.add(error.message),
  })
  onTestFinished(() => watch.close())
  const path = (name: string): string => join(root, name)
  /** The next event like that, from now on. */
  const next = async (event: string, what: () => void): Promise<void> => {
    const from = events.items.length
    what()
    for (let count = from + 1; !events.items.slice(from).includes(event); count++) await events.take(count)
  }
  /** Edits until three were told by name: at first what replaced the folder may still be told as a whole. */
  const edits = async (folder: string): Promise<void> => {
    const from = events.items.length
    const named = () => events.items.slice(from).filter((event) => event === `${folder} a.ts`)
    for (let edit = 0; named().length < 3; edit++) {
      const seen = events.items.length
      writeFileSync(path(`${folder}/a.ts`), String(edit))
      await events.take(seen + 1)
    }
  }
  const make = (folder: string): void => {
    mkdirSync(path(folder), { recursive: true })
    writeFileSync(path(`${folder}/a.ts`), '')
  }
  const follow = (...paths: string[]): void => watch.follow(new Set(paths.map(path)))
  return { path, events, next, edits, make, follow, watch }
}

describe('a folder', () => {
  test('tells what happens in it by name', async () => {
    const { make, follow, next, path } = watching()
    make('one')
    follow('one')
    await next('one a.ts', () => writeFileSync(path('one/a.ts'), '1'))
    await next('one b.ts', () => writeFileSync(path('one/b.ts'), '1'))
    await next('one b.ts', () => unlinkSync(path('one/b.ts')))
  })

  test.each(['one', 'one/two/three'])('%s that is deleted and made again at once is followed', async (folder) => {
    const { make, follow, next, edits, path } = watching()
    make(folder)
    make('copy')
    follow(folder)
    await next(folder, () => {
      rmSync(path(folder), { recursive: true })
      cpSync(path('copy'), path(folder), { recursive: true })
    })
    await edits(folder)
  })

  test.each(['one', 'one/two/three'])('%s that is deleted and made again later is followed', async (folder) => {
    const { make, follow, next, edits, path } = watching()
    make(folder)
    follow(folder)
    for (let round = 0; round < 3; round++) {
      await next(folder, () => rmSync(path(folder), { recursive: true }))
      await next(folder, () => make(folder))
      await edits(folder)
    }
  })

  test.each([
    ['itself', 'one/two', 'one/two'],
    ['its parent', 'one', 'one/two'],
    ['a folder far above', 'one', 'one/two/three/four'],
  ])('is followed when another is moved into the place of %s', async (_which, moved, folder) => {
    const { make, follow, next, edits, path } = watching()
    make(folder)
    make(`next/${folder}`)
    follow(folder)
    await next(folder, () => {
      renameSync(path(moved), path('old'))
      renameSync(path(`next/${moved}`), path(moved))
    })
    await edits(folder)
  })

  test('that was moved away is not what its path leads to any more', async () => {
    const { make, follow, next, edits, path, events } = watching()
    make('one')
    follow('one')
    await next('one', () => renameSync(path('one'), path('away')))
    const before = events.items.length
    writeFileSync(path('away/a.ts'), '1')
    await next('one', () => make('one'))
    expect(events.items.slice(before).filter((event) => event !== 'one' && event !== 'one a.ts')).toEqual([])
    await edits('one')
  })

  test('is followed from before it exists, and from before its parents do', async () => {
    const { make, follow, next, edits } = watching()
    follow('one/two/three')
    await next('one/two/three', () => make('one/two/three'))
    await edits('one/two/three')
  })

  test('through its parents’ removal and return, step by step', async () => {
    const { make, follow, next, edits, path } = watching()
    make('one/two')
    follow('one/two')
    await next('one/two', () => rmSync(path('one'), { recursive: true }))
    await next('one/two', () => mkdirSync(path('one')))
    await next('one/two', () => mkdirSync(path('one/two')))
    await edits('one/two')
  })

  test('behind a link is followed when the link is pointed elsewhere', async () => {
    const { make, follow, next, edits, path } = watching()
    make('v1')
    make('v2')
    symlinkSync('v1', path('current'))
    follow('current')
    await edits('current')
    await next('current', () => {
      symlinkSync('v2', path('new'))
      renameSync(path('new'), path('current'))
    })
    await edits('current')
    await next('current a.ts', () => writeFileSync(path('v2/a.ts'), 'the very file'))
  })

  test('behind a link is followed when what the link names is deleted and made again', async () => {
    const { make, follow, next, edits, path } = watching()
    make('far/v1')
    mkdirSync(path('near'))
    symlinkSync('../far/v1', path('near/current'))
    follow('near/current')
    await next('near/current', () => rmSync(path('far'), { recursive: true }))
    await next('near/current', () => make('far/v1'))
    await edits('near/current')
  })

  test('that a file takes the place of is followed when it is a folder again', async () => {
    const { make, follow, next, edits, path } = watching()
    make('one')
    follow('one')
    await next('one', () => {
      rmSync(path('one'), { recursive: true })
      writeFileSync(path('one'), 'a file')
    })
    await next('one', () => {
      rmSync(path('one'))
      make('one')
    })
    await edits('one')
  })

  test('behind links in a circle is one that is not there', async () => {
    const { make, follow, next, edits, path } = watching()
    symlinkSync('b', path('a'))
    symlinkSync('a', path('b'))
    follow('a/c')
    make('real/c')
    await next('a/c', () => {
      symlinkSync('real', path('new'))
      renameSync(path('new'), path('b'))
    })
    await edits('a/c')
  })
})

describe('a file', () => {
  test('tells of every save, in place and by renaming over it', async () => {
    const { make, follow, next, path } = watching()
    make('one')
    follow('one/a.ts')
    for (let save = 0; save < 3; save++) {
      await next('one/a.ts', () => writeFileSync(path('one/a.ts'), String(save)))
      await next('one/a.ts', () => {
        writeFileSync(path('one/draft'), String(save))
        renameSync(path('one/draft'), path('one/a.ts'))
      })
    }
  })

  test('says nothing of its siblings', async () => {
    const { make, follow, next, path, events } = watching()
    make('one')
    follow('one/a.ts')
    for (const name of ['b.ts', 'a.ts~', '.a.ts.swp']) writeFileSync(path(`one/${name}`), '')
    mkdirSync(path('one/below'))
    writeFileSync(path('one/below/a.ts'), '')
    unlinkSync(path('one/b.ts'))
    await next('one/a.ts', () => unlinkSync(path('one/a.ts')))
    expect(events.items).toEqual(['one/a.ts'])
  })

  test('behind a link tells of edits where it really lies, and of another target', async () => {
    const { make, follow, next, path } = watching()
    make('v1')
    make('v2')
    mkdirSync(path('etc'))
    symlinkSync('v1', path('current'))
    symlinkSync('../current/a.ts', path('etc/a.ts'))
    follow('etc/a.ts')
    await next('etc/a.ts', () => writeFileSync(path('v1/a.ts'), '1'))
    await next('etc/a.ts', () => {
      symlinkSync('v2', path('new'))
      renameSync(path('new'), path('current'))
    })
    await next('etc/a.ts', () => writeFileSync(path('v2/a.ts'), '1'))
  })

  test('is followed when its folder is deleted and made again', async () => {
    const { make, follow, next, path } = watching()
    make('one')
    follow('one/a.ts')
    for (let round = 0; round < 3; round++) {
      await next('one/a.ts', () => {
        rmSync(path('one'), { recursive: true })
        make('one')
      })
      await next('one/a.ts', () => writeFileSync(path('one/a.ts'), String(round)))
    }
  })
})

describe('what is watched', () => {
  test('many paths, each told for itself', async () => {
    const { make, follow, next, events, path } = watching()
    make('one/two')
    make('one/three')
    follow('one', 'one/two', 'one/three', 'one/a.ts')
    writeFileSync(path('one/three/a.ts'), '1')
    await next('one/two', () => rmSync(path('one/two'), { recursive: true }))
    expect(events.items).not.toContain('one/three')
  })

  test('is replaced by what is to be followed next', async () => {
    const { make, follow, next, events, path } = watching()
    make('one')
    make('two')
    follow('one')
    follow('two')
    writeFileSync(path('one/a.ts'), '1')
    await next('two a.ts', () => writeFileSync(path('two/a.ts'), '1'))
    expect(new Set(events.items)).toEqual(new Set(['two a.ts']))
  })

  test('is nothing after close', async () => {
    const { make, follow, watch, events, path } = watching()
    const other = watching()
    make('one')
    follow('one')
    watch.close()
    follow('one')
    writeFileSync(path('one/a.ts'), '1')
    other.make('one')
    other.follow('one')
    // The other watch saw its later change: this one would have seen its own by now.
    await other.next('one a.ts', () => writeFileSync(other.path('one/a.ts'), '1'))
    expect(events.items).toEqual([])
  })
})
