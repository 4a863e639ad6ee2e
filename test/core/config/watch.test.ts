import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Clock } from '../../../base/time/clock.ts'
import { ConfigWatch, signatureOf } from '../../../core/config/watch.ts'

let folder: string
let file: string
let watch: ConfigWatch | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iii-watch-'))
  file = join(folder, 'iii-config.yaml')
  writeFileSync(file, 'workers: []\n')
})
afterEach(() => {
  watch?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A clock whose one timer runs when the test says so. `started` counts how often silence was waited for anew. */
class HeldClock implements Clock {
  started = 0
  #waiting: (() => void) | undefined

  now(): number {
    return 0
  }

  passed(): number {
    return 0
  }

  after(_ms: number, task: () => void): () => void {
    this.started++
    this.#waiting = task
    return () => (this.#waiting = undefined)
  }

  fire(): void {
    const task = this.#waiting
    this.#waiting = undefined
    task?.()
  }

  /** Waits until `count` waits have begun; the events of one folder arrive in order. */
  async reached(count: number): Promise<void> {
    await vi.waitFor(() => expect(this.started).toBeGreaterThanOrEqual(count), { timeout: 5000, interval: 2 })
  }
}

function watching(clock: HeldClock): () => number {
  let changes = 0
  watch = new ConfigWatch({ file, clock, onChange: () => changes++ })
  return () => changes
}

describe('ConfigWatch', () => {
  test.each<[string, () => void]>([
    ['a write', () => writeFileSync(file, 'workers: [{name: a}]\n')],
    ['an append', () => appendFileSync(file, '# more\n')],
    [
      'a rename over the file',
      () => {
        writeFileSync(join(folder, 'draft'), 'workers: [{name: b}]\n')
        renameSync(join(folder, 'draft'), file)
      },
    ],
    [
      'removal and creation',
      () => {
        rmSync(file)
        writeFileSync(file, 'workers: []\n')
      },
    ],
  ])('tells of %s once, after silence', async (_what, change) => {
    const clock = new HeldClock()
    const changes = watching(clock)
    change()
    await clock.reached(1)
    expect(changes()).toBe(0)
    clock.fire()
    expect(changes()).toBe(1)
  })

  test('fires by the real clock, too', async () => {
    await new Promise<void>((settle) => {
      watch = new ConfigWatch({ file, debounceMs: 5, onChange: settle })
      writeFileSync(file, 'workers: [{name: a}]\n')
    })
  })

  test('tells of a file that appears later', async () => {
    rmSync(file)
    const clock = new HeldClock()
    const changes = watching(clock)
    writeFileSync(file, 'workers: []\n')
    await clock.reached(1)
    clock.fire()
    expect(changes()).toBe(1)
  })

  test('each event begins the silence anew, but not without end', async () => {
    const clock = new HeldClock()
    const changes = watching(clock)
    for (let round = 1; round <= 11; round++) {
      appendFileSync(file, '#\n')
      await clock.reached(round)
    }
    appendFileSync(file, '#\n')
    // The event of a second watch on the folder shows that the first one has got its own.
    const second = new HeldClock()
    const other = new ConfigWatch({ file, clock: second, onChange: () => {} })
    appendFileSync(file, '#\n')
    await second.reached(1)
    other.close()
    expect(clock.started).toBe(11)
    clock.fire()
    expect(changes()).toBe(1)
  })

  test('siblings never begin a wait', async () => {
    const clock = new HeldClock()
    const changes = watching(clock)
    for (const name of ['other.yaml', 'iii-config.yaml~', 'iii-config.yaml.tmp', '.iii-config.yaml.swp'])
      writeFileSync(join(folder, name), 'x')
    mkdirSync(join(folder, 'data'))
    writeFileSync(join(folder, 'data', 'iii-config.yaml'), 'x')
    rmSync(join(folder, 'other.yaml'))
    rmSync(file)
    await clock.reached(1)
    expect(clock.started).toBe(1)
    clock.fire()
    expect(changes()).toBe(0)
  })

  test('a deleted file is no change, and neither is one that is empty for the moment', async () => {
    const clock = new HeldClock()
    const changes = watching(clock)
    rmSync(file)
    await clock.reached(1)
    clock.fire()
    expect(changes()).toBe(0)
    writeFileSync(file, '')
    await clock.reached(2)
    clock.fire()
    expect(changes()).toBe(0)
    writeFileSync(file, 'workers: []\n')
    await clock.reached(clock.started + 1)
    clock.fire()
    expect(changes()).toBe(1)
  })

  test('a deleted file is told once, and again when it was there between', async () => {
    const clock = new HeldClock()
    let gone = 0
    watch = new ConfigWatch({ file, clock, onChange() {}, onGone: () => gone++ })
    const change = async (what: () => void) => {
      const before = clock.started
      what()
      await clock.reached(before + 1)
      clock.fire()
    }
    await change(() => rmSync(file))
    expect(gone).toBe(1)
    await change(() => writeFileSync(file, ''))
    expect(gone).toBe(1)
    await change(() => rmSync(file))
    expect(gone).toBe(2)
  })

  test('a file that is empty after the silence is told once, and again when something stood in it between', async () => {
    const clock = new HeldClock()
    const told: string[] = []
    const tell = (what: string) => () => void told.push(what)
    watch = new ConfigWatch({ file, clock, onChange: tell('change'), onEmpty: tell('empty'), onGone: tell('gone') })
    const save = async (text: string) => {
      const before = clock.started
      writeFileSync(file, text)
      await clock.reached(before + 1)
    }
    await save('')
    await save('workers: []\n')
    clock.fire()
    expect(told).toEqual(['change'])
    await save('')
    clock.fire()
    rmSync(join(folder, 'iii-config.yaml'))
    await clock.reached(clock.started + 1)
    clock.fire()
    for (const text of ['', 'workers: []\n', '']) {
      await save(text)
      clock.fire()
    }
    expect(told).toEqual(['change', 'empty', 'gone', 'empty', 'change', 'empty'])
  })

  test('a link into a folder that is swapped is followed', async () => {
    rmSync(file)
    for (const version of ['one', 'two']) {
      mkdirSync(join(folder, version))
      writeFileSync(join(folder, version, 'iii-config.yaml'), `# ${version}\n`)
    }
    symlinkSync('one', join(folder, 'current'))
    symlinkSync(join('current', 'iii-config.yaml'), file)
    const clock = new HeldClock()
    const changes = watching(clock)
    symlinkSync('two', join(folder, 'next'))
    renameSync(join(folder, 'next'), join(folder, 'current'))
    await clock.reached(1)
    clock.fire()
    expect(changes()).toBe(1)
  })

  test('after close nothing is told', async () => {
    const clock = new HeldClock()
    const changes = watching(clock)
    appendFileSync(file, '#\n')
    await clock.reached(1)
    watch?.close()
    clock.fire()
    expect(changes()).toBe(0)
  })

  test('a file whose folder is not there yet is told of when it is', async () => {
    file = join(folder, 'later', 'iii-config.yaml')
    const clock = new HeldClock()
    const changes = watching(clock)
    mkdirSync(join(folder, 'later'))
    writeFileSync(file, 'workers: []\n')
    await clock.reached(1)
    await vi.waitFor(() => {
      clock.fire()
      expect(changes()).toBe(1)
    }, 10_000)
  })

  test('a folder that is deleted and made again, or replaced, is still the folder of the file', async () => {
    const project = join(folder, 'project')
    file = join(project, 'iii-config.yaml')
    const save = (where: string, text: string): void => {
      mkdirSync(where, { recursive: true })
      writeFileSync(join(where, 'iii-config.yaml'), text)
    }
    save(project, '# 0\n')
    const clock = new HeldClock()
    const changes = watching(clock)
    const rounds = [
      () => (rmSync(project, { recursive: true }), save(project, '# made again\n')),
      () => writeFileSync(file, '# edited\n'),
      () => {
        save(join(folder, 'other'), '# moved here\n')
        renameSync(project, join(folder, 'old'))
        renameSync(join(folder, 'other'), project)
      },
      () => writeFileSync(file, '# edited again\n'),
    ]
    for (const [done, change] of rounds.entries()) {
      change()
      await vi.waitFor(() => {
        clock.fire()
        expect(changes()).toBe(done + 1)
      }, 10_000)
    }
  })

  test('what was saved between the first reading and the beginning of the watch is a change', () => {
    const seen = signatureOf(file)
    writeFileSync(file, 'workers: [{name: a}]\n')
    const clock = new HeldClock()
    let changes = 0
    watch = new ConfigWatch({ file, clock, seen, onChange: () => changes++ })
    expect(clock.started).toBe(1)
    clock.fire()
    expect(changes).toBe(1)
  })

  test('a file that is still what was read begins no wait', () => {
    const clock = new HeldClock()
    watch = new ConfigWatch({ file, clock, seen: signatureOf(file), onChange() {} })
    expect(clock.started).toBe(0)
  })
})
