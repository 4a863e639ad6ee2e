// A long list of dead letters: brought back as a whole, and one by its id from the middle of it.
import { expect, test } from 'vitest'
import { collecting, failing, runQueuePlugin } from '../../plugins/queue/queue-run.ts'

test(
  '10,000 dead letters are redriven at once, and each of them by its id wherever it stands',
  { timeout: 30_000 },
  async () => {
    const run = await runQueuePlugin({ queue_configs: { mail: { max_retries: 1 } } })
    const state = { fails: () => true }
    const got = collecting(run, 'f', () => state.fails() && failing('broken')())
    const count = 10_000
    const receipts: string[] = []
    while (receipts.length < count) {
      const batch = Array.from({ length: 1_000 }, (_, number) => receipts.length + number)
      receipts.push(...(await Promise.all(batch.map((number) => run.enqueue('mail', 'f', { number })))))
    }
    const died = async (): Promise<number> => (await run.call('iii::queue::status', { queue: 'mail' })).dlq_count
    while ((await died()) < count) await new Promise(setImmediate)
    state.fails = () => false
    const middle = receipts[count / 2]
    expect(await run.call('iii::queue::redrive_message', { queue: 'mail', message_id: middle })).toMatchObject({
      redriven: 1,
    })
    await got.take(count + 1, 10_000)
    expect(got.items.at(-1)).toEqual({ number: count / 2 })
    expect(await run.call('iii::queue::redrive', { queue: 'mail' })).toEqual({ queue: 'mail', redriven: count - 1 })
    await got.take(2 * count, 20_000)
    expect(new Set(got.items.slice(count).map(({ number }) => number)).size).toBe(count)
  },
)
