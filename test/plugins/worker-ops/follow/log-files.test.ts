// A follower of log files sees each line once, whatever becomes of the files meanwhile.
import { existsSync, appendFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { FOLLOW_LIMITS, lastLines, linesSince, type LogPage } from '../../../../plugins/worker-ops/follow/log-files.ts'
import { tailLogs } from '../../../../plugins/worker-ops/follow/log-tail.ts'
import { within } from '../../../support/deadline.ts'
import { tempFolder } from '../../../support/temp-folder.ts'

let folder: string
beforeEach(() => {
  folder = tempFolder()
})
const at = (name: string) => path.join(folder, name)
const append = (text: string, name = 'stdout.log') => appendFileSync(at(name), text)
const texts = ({ lines }: LogPage) => lines.map(({ line }) => line)
/** As the engine does it. */
function putAside(older = 3): void {
  for (let age = older; age > 0; age--) {
    try {
      renameSync(at(age === 1 ? 'stdout.log' : `stdout.log.${age - 1}`), at(`stdout.log.${age}`))
    } catch {
      // There are not so many yet.
    }
  }
}

/** Page after page until there is nothing more. */
async function readOn(cursor: string): Promise<{ lines: string[]; next: string; missed: boolean }> {
  const lines: string[] = []
  let missed = false
  for (;;) {
    const page = await linesSince(folder, cursor)
    lines.push(...texts(page))
    cursor = page.next
    missed ||= page.missed
    if (!page.more && page.lines.length === 0) return { lines, next: cursor, missed }
  }
}

describe('the first page', () => {
  it('has the last lines of both streams', async () => {
    append('a\nb\nc\n')
    append('x\n', 'stderr.log')
    expect((await lastLines(folder, 2)).lines).toEqual([
      { stream: 'stdout', line: 'b' },
      { stream: 'stdout', line: 'c' },
      { stream: 'stderr', line: 'x' },
    ])
  })
  it('is empty where nothing was written, and goes on with what is', async () => {
    const { lines, next } = await lastLines(folder, 10)
    expect(lines).toEqual([])
    append('first\n')
    expect((await readOn(next)).lines).toEqual(['first'])
  })
  it('begins with a whole line, however much there is', async () => {
    append(`${'x'.repeat(FOLLOW_LIMITS.scannedBytes)}\nlast\n`)
    expect(texts(await lastLines(folder, 1000))).toEqual(['last'])
  })
})

describe('further pages', () => {
  it('have what has come since, and a line only when it is whole', async () => {
    append('a\n')
    const first = await lastLines(folder, 10)
    append('b\nhal')
    const second = await linesSince(folder, first.next)
    expect(texts(second)).toEqual(['b'])
    append('f\n')
    expect(texts(await linesSince(folder, second.next))).toEqual(['half'])
  })
  it('read a file that was put aside to its end first', async () => {
    append('a\n')
    const { next } = await lastLines(folder, 10)
    append('b\n')
    putAside()
    append('c\n')
    putAside()
    append('d\n')
    expect(await readOn(next)).toMatchObject({ lines: ['b', 'c', 'd'], missed: false })
  })
  it('say that lines are missing when files have gone', async () => {
    append('a\n')
    const { next } = await lastLines(folder, 10)
    // Held, so that no new file gets its number.
    renameSync(at('stdout.log'), at('elsewhere'))
    append('z\n')
    expect(await readOn(next)).toMatchObject({ lines: ['z'], missed: true })
  })
  it('begin anew in a file that somebody has emptied', async () => {
    append('a long first line\n')
    const { next } = await lastLines(folder, 10)
    truncateSync(at('stdout.log'))
    append('b\n')
    expect((await readOn(next)).lines).toEqual(['b'])
  })
  it('wait for a file that is about to come', async () => {
    append('a\n')
    const { next } = await lastLines(folder, 10)
    putAside()
    const between = await linesSince(folder, next)
    expect(between.lines).toEqual([])
    append('b\n')
    expect((await readOn(between.next)).lines).toEqual(['b'])
  })
  it('cut a line that is longer than a page into pieces', async () => {
    const { next } = await lastLines(folder, 10)
    append(`${'x'.repeat(2 * FOLLOW_LIMITS.pageBytes)}y\n`)
    expect((await readOn(next)).lines.join('')).toBe(`${'x'.repeat(2 * FOLLOW_LIMITS.pageBytes)}y`)
  })
  it.each(['', 'nonsense', '{"stdout":{"file":7,"at":-1}}', '[]', 'null'])(
    'read from the beginning with the cursor %j, which is none',
    async (cursor) => {
      append('a\n')
      expect((await readOn(cursor)).lines).toEqual(['a'])
    },
  )
  it('lose and repeat nothing, in whatever order lines, files and readers come', async () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ what: fc.constant('write' as const), lines: fc.integer({ min: 1, max: 50 }) }),
      },
      { weight: 1, arbitrary: fc.constant({ what: 'rotate' as const, lines: 0 }) },
      { weight: 3, arbitrary: fc.constant({ what: 'read' as const, lines: 0 }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        rmSync(folder, { recursive: true })
        folder = tempFolder()
        let { next } = await lastLines(folder, 0)
        const written: string[] = []
        const seen: string[] = []
        let rotations = 0
        for (const { what, lines } of steps) {
          if (what === 'write') {
            const added = Array.from({ length: lines }, (_, index) => `line ${written.length + index}`)
            written.push(...added)
            append(`${added.join('\n')}\n`)
          } else if (what === 'rotate' && rotations < 3 && existsSync(at('stdout.log'))) {
            putAside()
            rotations++
          } else if (what === 'read') {
            const page = await readOn(next)
            seen.push(...page.lines)
            next = page.next
            rotations = 0
          }
        }
        seen.push(...(await readOn(next)).lines)
        expect(seen).toEqual(written)
      }),
      { numRuns: 50 },
    )
  })
})

describe('a page that is waited for', () => {
  const tail = (after: string, waitMs: number, stopped?: AbortSignal) =>
    tailLogs({ folder, after, tail: 0, waitMs, raw: false, ...(stopped && { stopped }) })

  it('comes when a line does', async () => {
    append('a\n')
    const { next } = await lastLines(folder, 1)
    const page = tail(next, 20_000)
    await delay(50)
    append('\u001b[31mred\u001b[0m\n')
    expect(texts(await within(5_000, 'the line', page))).toEqual(['red'])
  })
  it('comes when the worker writes its first line into a folder that is not there yet', async () => {
    const logs = folder
    folder = path.join(logs, 'worker')
    const page = tail('{}', 20_000)
    writeFileSync(path.join(logs, 'other'), '')
    await import('node:fs/promises').then(({ mkdir }) => mkdir(folder))
    append('first\n')
    expect(texts(await within(5_000, 'the line', page))).toEqual(['first'])
  })
  it('is empty when the time is over, or nobody wants it any more', async () => {
    append('a\n')
    const { next } = await lastLines(folder, 1)
    expect(await tail(next, 20)).toEqual({ lines: [], next, missed: false, more: false })
    const stopped = new AbortController()
    const page = tail(next, 20_000, stopped.signal)
    stopped.abort()
    expect((await within(2_000, 'the end', page)).lines).toEqual([])
  })
})
