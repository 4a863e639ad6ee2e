// Streams that another engine keeps, as clients of this one's stream listener see them (spec 06 D).
import { expect, test } from 'vitest'
import { RawClient } from '../../support/raw-client.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'
import { StreamClient } from '../../support/stream-client.ts'
import { unusedPort } from '../../support/unused-port.ts'

const MEMORY = '{ name: kv, config: { store_method: in_memory } }'

test('an event of this engine reaches a client of its stream listener by way of the other engine, and clients of others bridged to it', async () => {
  const there = await startRemoteEngine([
    `{ name: iii-stream, config: { port: 0, adapter: ${MEMORY} } }`,
    '{ name: iii-pubsub }',
  ])
  const bridge = `{ name: bridge, config: { bridge_url: '${there.url}' } }`
  const engines = []
  for (let n = 0; n < 2; n++) {
    const port = await unusedPort()
    const engine = await startRemoteEngine([`{ name: iii-stream, config: { port: ${port}, adapter: ${bridge} } }`])
    const client = await RawClient.connect(engine.url)
    // Connected, and bound to the events.
    await client.call('stream::get', { stream_name: 's', group_id: 'g', item_id: 'i' })
    const page = await StreamClient.connect(`ws://127.0.0.1:${port}/stream/s/g`)
    await page.take(1)
    engines.push({ client, page })
  }
  const item = { stream_name: 's', group_id: 'g', item_id: 'i', data: { n: 1 } }
  expect((await engines[0]!.client.call('stream::set', item)).error).toBeUndefined()
  for (const { page } of engines)
    expect((await page.take(2))[1]).toMatchObject({ id: 'i', event: { type: 'create', data: { n: 1 } } })
  const far = await RawClient.connect(there.url)
  expect((await far.call('stream::get', item)).result).toEqual({ n: 1 })
})
