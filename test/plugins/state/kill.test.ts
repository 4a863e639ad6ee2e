// Check 46 of spec 02 on a whole engine that is killed under load.
import { expect, onTestFinished, test } from 'vitest'
import { Collector } from '../../support/deadline.ts'
import { engineFolder } from '../../support/engine-process.ts'
import { RawClient } from '../../support/raw-client.ts'

test('46. kill -9 under a load of writes: what was answered is there, in its order', async () => {
  const folder = await engineFolder('  - name: iii-state\n')
  onTestFinished(() => folder.remove())
  const acknowledged = new Collector<number>()
  let next = 0
  for (let round = 1; round <= 3; round++) {
    const engine = await folder.start()
    const client = await RawClient.connect(folder.url)
    if (round > 1) await expectKept(client, acknowledged.items, next)
    // Four writers, each waiting for its answer; those of a killed engine never get one.
    const write = async (): Promise<void> => {
      const key = next++
      const { error } = await client.call('state::set', { scope: 's', key: `${key}`, value: key })
      if (error === undefined) acknowledged.add(key)
      return write()
    }
    for (let writer = 0; writer < 4; writer++) void write().catch(() => {})
    await acknowledged.take(round * 200)
    await engine.kill()
    await client.closed
  }
  await folder.start()
  await expectKept(await RawClient.connect(folder.url), acknowledged.items, next)
}, 60_000)

async function expectKept(client: RawClient, acknowledged: readonly number[], sent: number): Promise<void> {
  const { result } = await client.call('state::list', { scope: 's' })
  const kept = result as number[]
  const there = new Set(kept)
  expect(acknowledged.filter((key) => !there.has(key))).toEqual([])
  // Frames of one connection are handled in order, so the keys stand in the order in which they were sent.
  expect(kept).toEqual(kept.toSorted((one, other) => one - other))
  expect(kept.at(-1)).toBeLessThan(sent)
}
