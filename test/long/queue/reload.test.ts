// `iii-queue` is replaced while jobs enqueue others: each runs once, and none is waited for in vain.
import { expect, it, onTestFinished } from 'vitest'
import { engineFolder } from '../../support/engine-process.ts'
import { LoadClient } from '../../support/load-client.ts'
import { report } from '../network/engine-under-test.ts'

const RELOADS = 6
const PUBLISHERS = 16
const CONFIG = 'queue_configs: { one: { concurrency: 16 }, two: { concurrency: 16 } }'

it('6 reloads of iii-queue under jobs that enqueue others run each of them once', async () => {
  const folder = await engineFolder(`  - name: iii-queue\n    config: { ${CONFIG} }\n`)
  onTestFinished(() => folder.remove())
  const engine = await folder.start({ args: ['--no-watch'] })
  const [worker, observer] = await Promise.all([
    LoadClient.connect(folder.url, 'worker'),
    LoadClient.connect(folder.url, 'observer'),
  ])
  const failures: string[] = []
  const enqueue = async (queue: string, n: number): Promise<void> => {
    const { error } = await worker.enqueue(`job::${queue}`, { n }, queue)
    if (error !== undefined) failures.push(`${queue}: ${error.code}: ${error.message}`)
  }
  const ran: Record<'one' | 'two', number[]> = { one: [], two: [] }
  await worker.register('job::one', async ({ n }) => {
    ran.one.push(n)
    await enqueue('two', n)
    return null
  })
  await worker.register('job::two', ({ n }) => {
    ran.two.push(n)
    return null
  })
  let enqueued = 0
  const over = new AbortController()
  const publishers = Array.from({ length: PUBLISHERS }, async () => {
    while (!over.signal.aborted) await enqueue('one', enqueued++)
  })
  for (let reload = 0; reload < RELOADS; reload++) {
    const before = ran.two.length
    await expect.poll(() => ran.two.length, { timeout: 10_000 }).toBeGreaterThan(before)
    await observer.result('engine::plugins::reload', { name: 'iii-queue' })
  }
  over.abort()
  await Promise.all(publishers)
  expect(failures.slice(0, 5), `${failures.length} calls failed`).toEqual([])
  await expect.poll(() => ran.two.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(enqueued)
  const all = Array.from({ length: enqueued }, (_, n) => n)
  for (const jobs of [ran.one, ran.two]) expect(jobs.toSorted((a, b) => a - b)).toEqual(all)
  report(`iii-queue: ${RELOADS} reloads, ${enqueued} jobs that enqueued another`)
  await Promise.all([worker, observer].map((client) => client.close()))
  expect(await engine.stop()).toBe(0)
}, 60_000)
