// A million jobs that wait: what they cost in memory, how long a start with them takes, and whether new ones are stored as fast as before.
import { expect, it, onTestFinished } from 'vitest'
import { engineFolder } from '../../support/engine-process.ts'
import { LoadClient } from '../../support/load-client.ts'
import { residentMiB } from '../network/resident-memory.ts'
import { report } from '../network/engine-under-test.ts'

const JOBS = 1_000_000
const SAMPLE = 20_000
const IN_FLIGHT = 512
const PADDING = 'x'.repeat(120)
const CONFIG = 'queue_configs: { held: { rate_limit: { max: 1, per_ms: 3600000 } } }'

it('cost little memory, and are there after a restart', async () => {
  const folder = await engineFolder(`  - name: iii-queue\n    config: { ${CONFIG} }\n`)
  onTestFinished(() => folder.remove())
  let engine = await folder.start({ args: ['--no-watch'] })
  let client = await LoadClient.connect(folder.url, 'publisher')
  await fill(client, 0, SAMPLE)
  const before = residentMiB(engine.pid)
  const empty = await fill(client, SAMPLE, SAMPLE)
  await fill(client, 2 * SAMPLE, JOBS)
  const full = await fill(client, 2 * SAMPLE + JOBS, SAMPLE)
  const after = residentMiB(engine.pid)
  await client.close()
  expect(await engine.stop()).toBe(0)
  const startedAt = performance.now()
  engine = await folder.start({ args: ['--no-watch'] })
  const startMs = performance.now() - startedAt
  client = await LoadClient.connect(folder.url, 'publisher')
  await fill(client, 3 * SAMPLE + JOBS, 1)
  const restarted = residentMiB(engine.pid)
  await client.close()
  expect(await engine.stop()).toBe(0)
  report(
    `${JOBS} waiting jobs: ${(after - before).toFixed(0)} MiB more, a start in ${startMs.toFixed(0)} ms with ${restarted.toFixed(0)} MiB; ` +
      `${perSecond(empty)}/s stored while there were few, ${perSecond(full)}/s with all of them`,
  )
  expect(after - before).toBeLessThan(200)
  expect(restarted).toBeLessThan(before + 200)
}, 300_000)

/** Milliseconds for `count` jobs. */
async function fill(client: LoadClient, from: number, count: number): Promise<number> {
  const startedAt = performance.now()
  let next = from
  const loop = async (): Promise<void> => {
    while (next < from + count) {
      const n = next++
      const input = { queue: 'held', function_id: 'nowhere', data: { n, PADDING }, messageReceiptId: `r${n}` }
      await client.result('engine::queue::enqueue', input)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop))
  return performance.now() - startedAt
}

function perSecond(ms: number): string {
  return Math.round((SAMPLE * 1000) / ms).toLocaleString('en')
}
