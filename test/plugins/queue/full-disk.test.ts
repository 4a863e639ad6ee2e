// A disk that is full: publishers hear of it, what was acknowledged stays, and all goes on when there is room.
import { mkdtempSync, rmSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { lacks, mountSmallDisk, unmountDisk } from '../../support/needs.ts'
import { runQueue } from './run-plugin.ts'

const MAX_JOBS = 500
const BALLAST_BYTES = 2_000_000

test.skipIf(lacks('small disk'))(
  'jobs are refused on a full disk, none that was taken is lost, and all are delivered when there is room (needs small disk)',
  async () => {
    const disk = mkdtempSync(join(tmpdir(), 'iii-disk-'))
    expect(mountSmallDisk(disk, '6m')).toBe(true)
    onTestFinished(() => {
      unmountDisk(disk)
      rmdirSync(disk)
    })
    const ballast = join(disk, 'ballast')
    writeFileSync(ballast, Buffer.alloc(BALLAST_BYTES, 1))
    const run = await runQueue({ q: { concurrency: 4, max_retries: 100, backoff_ms: 1 } }, {}, { projectRoot: disk })
    const handled: number[] = []
    const acknowledged: number[] = []
    const refusals: Error[] = []
    for (let n = 0; n < MAX_JOBS && refusals.length === 0; n++) {
      await run.enqueue('f', { n, text: 'x'.repeat(20_000) }, { queue: 'q' }).then(
        () => acknowledged.push(n),
        (error: Error) => refusals.push(error),
      )
    }
    expect(refusals).toMatchObject([{ code: 'enqueue_error', message: expect.stringMatching(/disk is full/) }])
    expect(acknowledged.length).toBeGreaterThan(20)
    // Their outcomes have no room either: nothing is forgotten, and nothing else is done twice for it.
    const calls = run.handle('f', ({ n }) => void handled.push(n))
    await calls.take(4)
    rmSync(ballast)
    const status = () => run.call('iii::queue::status', { queue: 'q' })
    await expect
      .poll(status, { timeout: 5_000 })
      .toMatchObject({ pending: 0, active: 0, awaiting_function: 0, delayed: 0, dlq_count: 0 })
    expect([...new Set(handled)].sort((one, other) => one - other)).toEqual(acknowledged)
    expect(handled).toHaveLength(acknowledged.length)
    const more = await run.enqueue('f', { n: MAX_JOBS }, { queue: 'q' })
    expect(more).toEqual(expect.any(String))
    await calls.take(acknowledged.length + 1)
  },
)
