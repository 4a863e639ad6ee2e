// What was set outlives the end of the engine, however it ends (spec 04 A.9.7, check 39).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { engineFolder, type EngineFolder } from '../../support/engine-process.ts'
import { RawClient } from '../../support/raw-client.ts'

async function get(client: RawClient, id: string): Promise<any> {
  return ((await client.call('configuration::get', { id })).result as { value: unknown }).value
}

const listener = (folder: EngineFolder): string =>
  `workers:\n  - name: iii-worker-manager\n    config: { port: ${folder.port} }\n`

test('What was set counts after a kill, until the block is edited', async () => {
  const folder = await engineFolder('  - name: iii-state\n    config: { max_value_bytes: 100 }\n')
  onTestFinished(() => folder.remove())
  const first = await folder.start()
  const client = await RawClient.connect(folder.url)
  expect(
    (await client.call('configuration::set', { id: 'iii-state', value: { max_value_bytes: 5 } })).error,
  ).toBeUndefined()
  await first.kill()

  const second = await folder.start()
  const again = await RawClient.connect(folder.url)
  expect(await get(again, 'state')).toEqual({ max_value_bytes: 5 })
  const { error } = await again.call('state::set', { scope: 's', key: 'k', value: 'longer' })
  expect(error).toMatchObject({ code: 'VALUE_TOO_LARGE' })
  expect(await second.stop()).toBe(0)

  await folder.write(
    'iii-config.yaml',
    `${listener(folder)}  - name: iii-state\n    config: { max_value_bytes: 200 }\n`,
  )
  const third = await folder.start()
  expect(await get(await RawClient.connect(folder.url), 'state')).toMatchObject({ max_value_bytes: 200 })
  await third.kill()

  const fourth = await folder.start()
  expect(await get(await RawClient.connect(folder.url), 'state')).toMatchObject({ max_value_bytes: 200 })
  await fourth.stop()
}, 40_000)

test('Killed while it is written again and again, an entry holds the last answered value or the one after', async () => {
  const folder = await engineFolder('')
  onTestFinished(() => folder.remove())
  let answered = 0
  for (let round = 0; round < 3; round++) {
    const engine = await folder.start()
    const client = await RawClient.connect(folder.url)
    if (round > 0) {
      const { error } = await client.call('configuration::set', { id: 'demo', value: {} })
      expect(error).toMatchObject({ code: 'SCHEMA_UNAVAILABLE' })
    }
    const registered = await client.call('configuration::register', { id: 'demo', schema: { type: 'object' } })
    const found = (registered.result as { value: { n: number } | null }).value?.n ?? 0
    expect(found - answered).toBeOneOf([0, 1])
    answered = found
    const enough = answered + 20
    let killed: Promise<void> | undefined
    while (killed === undefined) {
      const value = { n: answered + 1, filling: 'x'.repeat(50_000) }
      const outcome = client.call('configuration::set', { id: 'demo', value })
      if (answered + 1 === enough) {
        killed = engine.kill()
        await Promise.race([outcome, client.closed])
      } else if ((await outcome).error === undefined) answered++
    }
    await killed
    expect(readFileSync(join(folder.dir, 'config/demo.yaml'), 'utf8')).toMatch(/^id: demo\n/)
  }
}, 40_000)
