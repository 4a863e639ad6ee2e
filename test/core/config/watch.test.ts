import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ConfigWatch, type WatchTimers } from '../../../core/config/watch.ts'

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

/** Timers that run when the test says so. `started` counts how often silence was waited for anew. */
class HeldTimers implements WatchTimers {
  started = 0
  #waiting: (() => void) | undefined

  set(callback: () => void): number {
    this.#waiting = callback
    return ++this.started
  }

  clear(): void {
    this.#waiting = undefined
  }

  fire(): void {
    const callback = this.#waiting
    this.#waiting = undefined
    callback?.()
  }

  /** Waits until `count` waits have begun; the events of one folder arrive in order. */
  async reached(count: number): Promise<void> {
    await vi.waitFor(() => expect(this.started).toBeGreaterThanOrEqual(count), { timeout: 5000, interval: 2 })
  }
}

function watching(timers: HeldTimers): () => number {
  let changes = 0
  watch = new ConfigWatch({ file, timers, onChange: () => changes++ })
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
    const timers = new HeldTimers()
    const changes = watching(timers)
    change()
    await timers.reached(1)
    expect(changes()).toBe(0)
    timers.fire()
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
    const timers = new HeldTimers()
    const changes = watching(timers)
    writeFileSync(file, 'workers: []\n')
    await timers.reached(1)
    timers.fire()
    expect(changes()).toBe(1)
  })

  test('each event begins the silence anew, but not without end', async () => {
    const timers = new HeldTimers()
    const changes = watching(timers)
    for (let round = 1; round <= 11; round++) {
      appendFileSync(file, '#\n')
      await timers.reached(round)
    }
    appendFileSync(file, '#\n')
    // The event of a second watch on the folder shows that the first one has got its own.
    const second = new HeldTimers()
    const other = new ConfigWatch({ file, timers: second, onChange: () => {} })
    appendFileSync(file, '#\n')
    await second.reached(1)
    other.close()
    expect(timers.started).toBe(11)
    timers.fire()
    expect(changes()).toBe(1)
  })

  test('siblings never begin a wait', async () => {
    const timers = new HeldTimers()
    const changes = watching(timers)
    for (const name of ['other.yaml', 'iii-config.yaml~', 'iii-config.yaml.tmp', '.iii-config.yaml.swp'])
      writeFileSync(join(folder, name), 'x')
    mkdirSync(join(folder, 'data'))
    writeFileSync(join(folder, 'data', 'iii-config.yaml'), 'x')
    rmSync(join(folder, 'other.yaml'))
    rmSync(file)
    await timers.reached(1)
    expect(timers.started).toBe(1)
    timers.fire()
    expect(changes()).toBe(0)
  })

  test('a deleted file is no change, and neither is one that is empty for the moment', async () => {
    const timers = new HeldTimers()
    const changes = watching(timers)
    rmSync(file)
    await timers.reached(1)
    timers.fire()
    expect(changes()).toBe(0)
    writeFileSync(file, '')
    await timers.reached(2)
    timers.fire()
    expect(changes()).toBe(0)
    writeFileSync(file, 'workers: []\n')
    await timers.reached(timers.started + 1)
    timers.fire()
    expect(changes()).toBe(1)
  })

  test('a deleted file is told once, and again when it was there between', async () => {
    const timers = new HeldTimers()
    let gone = 0
    watch = new ConfigWatch({ file, timers, onChange() {}, onGone: () => gone++ })
    const change = async (what: () => void) => {
      const before = timers.started
      what()
      await timers.reached(before + 1)
      timers.fire()
    }
    await change(() => rmSync(file))
    expect(gone).toBe(1)
    await change(() => writeFileSync(file, ''))
    expect(gone).toBe(1)
    await change(() => rmSync(file))
    expect(gone).toBe(2)
  })

  test('a link into a folder that is swapped is followed', async () => {
    rmSync(file)
    for (const version of ['one', 'two']) {
      mkdirSync(join(folder, version))
      writeFileSync(join(folder, version, 'iii-config.yaml'), `# ${version}\n`)
    }
    symlinkSync('one', join(folder, 'current'))
    symlinkSync(join('current', 'iii-config.yaml'), file)
    const timers = new HeldTimers()
    const changes = watching(timers)
    symlinkSync('two', join(folder, 'next'))
    renameSync(join(folder, 'next'), join(folder, 'current'))
    await timers.reached(1)
    timers.fire()
    expect(changes()).toBe(1)
  })

  test('after close nothing is told', async () => {
    const timers = new HeldTimers()
    const changes = watching(timers)
    appendFileSync(file, '#\n')
    await timers.reached(1)
    watch?.close()
    timers.fire()
    expect(changes()).toBe(0)
  })

  test('a folder that is not there is an error', () => {
    expect(() => new ConfigWatch({ file: join(folder, 'none', 'c.yaml'), onChange: () => {} })).toThrow(/ENOENT/)
  })
})
