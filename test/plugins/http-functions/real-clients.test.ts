// HTTP-invoked functions of the unmodified SDKs in a whole engine (spec 06, checks 31–34).
import { describe, expect, test } from 'vitest'
import { connectSdk, failureOf, V11, V22 } from '../../clients/versions.ts'
import { OWN } from '../../clients/own.ts'
import { EngineFolder, LISTENER } from '../../core/engine/running-engine.ts'
import { apiServer } from './api-server.ts'

const OPEN = '{ name: iii-http-functions, config: { security: { require_https: false, block_private_ips: false } } }'

async function engine(): Promise<EngineFolder> {
  const folder = new EngineFolder()
  folder.configure(LISTENER, OPEN)
  await folder.start({ watch: false })
  return folder
}

describe.each([V22, V11, OWN])('iii-sdk $name', (version) => {
  test('registers an endpoint as a function, and calls it like any other', async () => {
    const api = await apiServer(({ body }) => ({ created: JSON.parse(body.toString()).item }))
    const folder = await engine()
    const worker = connectSdk(version, folder.url())
    worker.registerFunction('legacy::create-order', { url: `${api.url}/orders`, method: 'POST' } as never)
    const caller = await folder.connect()
    await expect
      .poll(async () => (await caller.call('legacy::create-order', { item: 'tea' })).result, { timeout: 10_000 })
      .toEqual({ created: 'tea' })
    const { method, url, headers } = api.last
    expect({ method, url }).toEqual({ method: 'POST', url: '/orders' })
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-iii-function-path': 'legacy::create-order',
      'x-iii-invocation-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-iii-timestamp': expect.stringMatching(/^\d{10}$/),
    })
    expect(await worker.trigger({ function_id: 'legacy::create-order', payload: { item: 'milk' } })).toEqual({
      created: 'milk',
    })
    await worker.shutdown()
    await expect
      .poll(async () => (await caller.call('legacy::create-order', {})).error?.code, { timeout: 10_000 })
      .toBe('function_not_found')
    void failureOf
  })
})
