import { openSync, closeSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { LineWriter, type FileWrites } from '../../../base/files/line-writer.ts'
import { ManualClock } from '../../core/host/manual-clock.ts'

type Done = Parameters<FileWrites['write']>[2]

/** A file whose writes fail, come back late or take only a part, as the test says. */
class FakeFile implements FileWrites {
  text = ''
  /** Codes of the errors that the next writes end in; `never`: it does not come back. */
  failing: string | undefined
  /** Bytes that one write takes at most. */
  takes = Infinity
  writes = 0

  write(_fd: number, bytes: Buffer, done: Done): void {
    this.writes++
    if (this.failing === 'never') return
    if (this.failing !== undefined) return done(Object.assign(new Error(), { code: this.failing }), 0)
    done(null, this.#take(bytes))
  }

  writeSync(_fd: number, bytes: Buffer): number {
    this.writes++
    if (this.failing !== undefined) throw Object.assign(new Error(), { code: this.failing })
    return this.#take(bytes)
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1)
  }

  #take(bytes: Buffer): number {
    const taken = bytes.subarray(0, this.takes)
    this.text += taken.toString()
    return taken.length
  }
}

function writing(maxBytes = 1_000) {
  const clock = new ManualClock()
  const file = new FakeFile()
  const tellDropped = (lines: number, code?: string): string => `${lines} missing: ${code}\n`
  return { clock, file, writer: new LineWriter({ fd: 2, tellDropped, maxBytes, clock, file }) }
}

test('a disk that is full and gets room again has the lines of the meantime, each once and whole', () => {
  const { clock, file, writer } = writing()
  file.takes = 3
  writer.write('before\n')
  file.failing = 'ENOSPC'
  writer.write('first\n')
  writer.write('second\n')
  clock.move(10_000)
  file.failing = undefined
  clock.move(1_000)
  expect(file.lines).toEqual(['before', 'first', 'second'])
})

test('lines beyond the bound are dropped, counted, and told of once where they are missing', () => {
  const { clock, file, writer } = writing(100)
  file.failing = 'ENOSPC'
  for (let line = 10; line < 40; line++) writer.write(`line ${line}\n`)
  file.failing = undefined
  clock.move(1_000)
  writer.write('after\n')
  const kept = Array.from({ length: 12 }, (_, index) => `line ${10 + index}`)
  expect(file.lines).toEqual([...kept, '18 missing: ENOSPC', 'after'])
})

test('what is missing is told without another line, too', () => {
  const { clock, file, writer } = writing(10)
  file.failing = 'EAGAIN'
  writer.write('one\n')
  writer.write('much too long a line\n')
  file.failing = undefined
  clock.move(20)
  expect(file.lines).toEqual(['one', '1 missing: undefined'])
})

test.each(['ENOSPC', 'EPIPE', 'EIO', 'EAGAIN'])(
  'a descriptor that fails for ever (%s) is tried now and then',
  (code) => {
    const { clock, file, writer } = writing()
    file.failing = code
    for (let line = 0; line < 10_000; line++) writer.write('a line\n')
    expect(file.writes).toBe(1)
    clock.move(code === 'EAGAIN' ? 20 : 500)
    expect(file.writes).toBe(2)
  },
)

test('the end waits for what can be written, and for nothing else', async () => {
  const { file, writer } = writing()
  expect(await writer.written(60_000)).toBe('written')
  file.failing = 'ENOSPC'
  writer.write('a\n')
  expect(await writer.written(1)).toBe('failing')
})

test('a write that never comes back is told as such', async () => {
  const { file, writer } = writing()
  file.failing = 'never'
  writer.write('a\n')
  expect(await writer.written(1)).toBe('blocked')
})

test('at once means the rest in order, and an error ends it', () => {
  const { file, writer } = writing()
  file.failing = 'EAGAIN'
  writer.write('a\n')
  writer.write('b\n')
  file.failing = undefined
  writer.writeNow(1_000)
  expect(file.lines).toEqual(['a', 'b'])
  file.failing = 'ENOSPC'
  writer.write('c\n')
  writer.writeNow(60_000)
  file.failing = undefined
  writer.writeNow(60_000)
  expect(file.lines).toEqual(['a', 'b'])
})

test('at once does not write again what is under way', () => {
  const { file, writer } = writing()
  file.failing = 'never'
  writer.write('a\n')
  writer.write('b\n')
  file.failing = undefined
  writer.writeNow(1_000)
  expect(file.lines).toEqual(['b'])
})

test.skipIf(process.platform !== 'linux')('a real full device holds up nobody (needs Linux)', async () => {
  const fd = openSync('/dev/full', 'w')
  onTestFinished(() => closeSync(fd))
  const writer = new LineWriter({ fd, tellDropped: () => '\n', maxBytes: 100 })
  for (let line = 0; line < 100; line++) writer.write('a line\n')
  expect(await writer.written(1)).not.toBe('written')
  writer.writeNow(60_000)
})
