// Two generations of the worker and one address, in a system that can share it and in one that can't.
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import type { HttpConfig } from '../../../../plugins/http/config.ts'
import { HttpWorker } from '../../../../plugins/http/http-worker.ts'
import { RawJson } from '../../../../sdk/raw-json.ts'
import type { PluginContext } from '../../../../sdk/plugin.ts'
import { collectingLog } from '../../../../testing/collecting-log.ts'
import { tempFolder } from '../../../support/temp-folder.ts'
import { unusedPort } from '../../../support/unused-port.ts'

/** A generation whose functions all answer with its name; `others` are the addresses of the one before. */
function generation(name: string, config: HttpConfig, { others = [] as string[], canShare = true } = {}) {
  const ref = { channel_id: 'c', access_key: 'k', direction: 'read' } as const
  const iii = {
    trigger: async ({ function_id }: { function_id: string }) =>
      function_id === 'engine::plugins::info' ? { addresses: others } : new RawJson(JSON.stringify({ body: name })),
    offerChannel: () => ({ ref, withdraw: () => true }),
  }
  const engine = { version: '1.0.0', url: '', projectRoot: tempFolder() }
  const log = collectingLog()
  const context = {
    iii,
    log,
    config,
    engine,
    dataDir: tempFolder(),
    reportHealth() {},
  } as unknown as PluginContext<HttpConfig>
  const worker = new HttpWorker(context, canShare)
  onTestFinished(() => worker.stop(false))
  return worker
}

const BINDING = { id: 'b', function_id: 'f', config: { api_path: '/' } }

const bodyOf = async (url: string): Promise<unknown> => (await fetch(url)).json()

it('the next generation shares the address, and has it alone when the one before has stopped', async () => {
  const port = await unusedPort()
  const url = `http://127.0.0.1:${port}`
  const before = generation('before', { port })
  await before.open()
  before.triggers.registerTrigger(BINDING)
  expect(await bodyOf(url)).toBe('before')
  const next = generation('next', { port }, { others: [url] })
  await next.open()
  next.triggers.registerTrigger(BINDING)
  before.triggers.unregisterTrigger({ id: 'b', deliberate: false, moved: true })
  // Each of them answers whatever comes to it.
  for (let n = 0; n < 10; n++) expect(['before', 'next']).toContain(await bodyOf(url))
  await before.stop(true)
  expect(await bodyOf(url)).toBe('next')
})

it('where it can not be shared the next generation has it as soon as the one before has stopped', async () => {
  const port = await unusedPort()
  const url = `http://127.0.0.1:${port}`
  const before = generation('before', { port }, { canShare: false })
  await before.open()
  const next = generation('next', { port }, { others: [url], canShare: false })
  await next.open()
  next.triggers.registerTrigger(BINDING)
  await before.stop(true)
  await expect.poll(() => bodyOf(url).catch(() => undefined)).toBe('next')
})

it('an address that somebody else has is an error that says so', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  onTestFinished(() => void other.close())
  const { port } = other.address() as AddressInfo
  await expect(generation('next', { port }).open()).rejects.toMatchObject({
    code: 'address_unavailable',
    message: expect.stringMatching(/already in use.*iii-http/),
  })
})

it('a request that comes before the bindings waits for them instead of getting 404', async () => {
  const worker = generation('here', { port: 0 })
  await worker.open()
  const url = worker.urls[0]!
  const answer = bodyOf(url)
  worker.triggers.registerTrigger(BINDING)
  worker.ready()
  expect(await answer).toBe('here')
  expect((await fetch(`${url}/nowhere`)).status).toBe(404)
})
