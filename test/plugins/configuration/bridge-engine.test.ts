// An engine whose configuration is kept by another one.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { unusedPort } from '../../support/unused-port.ts'
import { RawClient } from '../../support/raw-client.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'

const CENTRAL = '{ name: configuration, config: { adapter: { name: fs, config: { directory: ./entries } } } }'
const bridged = (url: string) =>
  `{ name: configuration, config: { adapter: { name: bridge, config: { bridge_url: '${url}' } } } }`
const SHOP = {
  id: 'shop',
  name: 'Shop',
  description: '',
  schema: { type: 'object', properties: { n: { type: 'integer' } } },
}

test('entries are the same on both engines, and bindings here fire for changes there', async () => {
  const there = await startRemoteEngine([CENTRAL])
  const here = await startRemoteEngine([bridged(there.url)])
  const [near, far] = [await RawClient.connect(here.url), await RawClient.connect(there.url)]
  await near.provided('test::on-change', () => 1)
  near.send({
    type: 'registertrigger',
    id: randomUUID(),
    trigger_type: 'configuration',
    function_id: 'test::on-change',
    config: { configuration_id: 'shop' },
  })
  await near.settled()
  const values = () => near.calls('test::on-change').map(({ data }) => (data as { new_value: unknown }).new_value)
  expect((await near.call('configuration::register', { ...SHOP, initial_value: { n: 1 } })).error).toBeUndefined()
  expect((await far.call('configuration::get', { id: 'shop' })).result).toEqual({ id: 'shop', value: { n: 1 } })
  expect((await far.call('configuration::set', { id: 'shop', value: { n: 2 } })).error).toBeUndefined()
  await near.until(() => values().length === 2, 'the change made there')
  expect((await near.call('configuration::get', { id: 'shop' })).result).toEqual({ id: 'shop', value: { n: 2 } })
  expect((await near.call('configuration::set', { id: 'shop', value: { n: 3 } })).error).toBeUndefined()
  expect((await far.call('configuration::get', { id: 'shop' })).result).toEqual({ id: 'shop', value: { n: 3 } })
  expect((await near.call('configuration::delete', { id: 'shop' })).error).toMatchObject({
    code: 'ADAPTER_ERROR',
    message: expect.stringContaining('must be deleted there') as string,
  })
  expect((await far.call('configuration::delete', { id: 'shop' })).result).toEqual({ deleted: true })
  await near.until(() => values().length === 4, 'the deletion made there')
  expect(values()).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, null])
  expect((await near.call('configuration::get', { id: 'shop' })).error).toMatchObject({ code: 'NOT_FOUND' })
})

test('with the other engine away this one starts, and refuses writes with ADAPTER_ERROR', async () => {
  const here = await startRemoteEngine([bridged(`ws://127.0.0.1:${await unusedPort()}`)])
  const near = await RawClient.connect(here.url)
  expect((await near.call('configuration::register', SHOP)).error).toMatchObject({
    code: 'ADAPTER_ERROR',
    message: expect.stringMatching(/'shop' could not be stored: .*is not connected.*was not sent/) as string,
  })
  expect((await near.call('configuration::get', { id: 'shop' })).error).toMatchObject({ code: 'NOT_FOUND' })
})
