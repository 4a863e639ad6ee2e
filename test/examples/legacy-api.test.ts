// examples/legacy-api as its reader runs it: the API and the worker in processes of their own.
import { expect, it, onTestFinished, vi } from 'vitest'
import { LoadClient } from '../support/load-client.ts'
import { copyOfExample, startExampleEngine } from './example-folder.ts'
import { startProgram } from './programs.ts'

const POLL = { timeout: 20_000, interval: 20 }
const LEGACY_KEY = 'of-the-test'

it('calls an API that knows nothing of the engine, by a list in the configuration and by one of a worker', async () => {
  const cwd = copyOfExample('legacy-api')
  const listening = /listening on (\d+)/
  const api = await startProgram(['legacy-server.mjs'], { cwd, env: { API_PORT: '0', LEGACY_KEY }, ready: listening })
  const API_PORT = listening.exec(api.output())![1]!
  // A variable of the engine's process, which is this one.
  vi.stubEnv('LEGACY_KEY', LEGACY_KEY)
  onTestFinished(() => void vi.unstubAllEnvs())
  const { url } = await startExampleEngine(cwd, { API_PORT })
  await startProgram(['worker.mjs'], { cwd, env: { III_URL: url, API_PORT }, ready: /connected to ws/ })
  const client = await LoadClient.connect(url, 'tester')
  onTestFinished(() => client.close())
  const call = (id: string, payload: object = {}): Promise<any> => client.result(id, payload)

  expect(await call('legacy::list-orders')).toEqual([{ id: 1, item: 'tea', status: 'open' }])
  expect(await call('legacy::create-order', { item: 'milk' })).toEqual({ id: 2, item: 'milk', status: 'open' })
  expect(await call('legacy::get-order', { id: 2 })).toMatchObject({ item: 'milk' })
  expect((await client.call('legacy::get-order', { id: 99 })).error).toMatchObject({
    code: 'NO_SUCH_ORDER',
    message: 'there is no order 99',
  })
  expect((await client.call('legacy::create-order', {})).error).toMatchObject({ code: 'ITEM_MISSING' })
  await expect
    .poll(async () => (await client.call('legacy::sales-report', { currency: 'EUR' })).result, POLL)
    .toEqual({
      currency: 'EUR',
      orders: 2,
    })
  expect(await call('shop::cancel-all')).toEqual({ cancelling: 2 })
  await expect.poll(() => call('legacy::list-orders', { status: 'cancelled' }), POLL).toHaveLength(2)
  expect(api.output()).toContain('GET /orders?status=open 200')
}, 40_000)
