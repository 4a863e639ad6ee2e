// Workers behind routes that die, share a route, and come back, in a whole engine (spec 01 §8.10, §8.11; 06 A.10).
import { expect, it } from 'vitest'
import { connectSdk, V11, V22 } from '../../clients/versions.ts'
import { Collector } from '../../support/deadline.ts'
import type { RawClient } from '../../support/raw-client.ts'
import { startHttpEngine, type HttpEngine } from './http-engine.ts'

const statusAndBody = async (response: Response): Promise<[number, any]> => [response.status, await response.json()]

async function isConnected({ engine }: HttpEngine, { workerId }: RawClient): Promise<boolean> {
  const { workers } = (await engine.call('engine::workers::list', {})) as { workers: { id: string }[] }
  return workers.some(({ id }) => id === workerId)
}

/** A function that never answers, and the requests that have reached it. */
async function servedForEver(http: HttpEngine, worker: RawClient, route: string): Promise<Collector<unknown>> {
  const called = new Collector<unknown>()
  await http.serve(worker, 'f', route, (request) => {
    called.add(request)
    return new Promise(() => {})
  })
  return called
}

it.each([
  ['is lost', (worker: RawClient) => worker.socket.terminate()],
  ['says good-bye', (worker: RawClient) => worker.close()],
])('a request whose worker %s is answered with invocation_stopped', async (_how, leave) => {
  const http = await startHttpEngine()
  const worker = await http.connect()
  const called = await servedForEver(http, worker, 'GET /')
  const answer = fetch(await http.url())
  await called.take(1)
  await leave(worker)
  expect(await statusAndBody(await answer)).toMatchObject([500, { error: { code: 'invocation_stopped' } }])
})

it('replicas share the requests of their route, and one’s end ends only its own', async () => {
  const http = await startHttpEngine()
  const [one, two] = [await http.connect(), await http.connect()]
  const [first, second] = [await servedForEver(http, one, 'GET /'), await servedForEver(http, two, 'GET /')]
  const url = await http.url()
  const answers = Array.from({ length: 8 }, async () => statusAndBody(await fetch(url)))
  await Promise.all([first.take(4), second.take(4)])
  one.socket.terminate()
  const stopped = new Collector<[number, any]>()
  for (const answer of answers) void answer.then(stopped.add)
  const early = await stopped.take(4)
  expect(early.map(([status, body]) => [status, body.error.code])).toEqual(
    Array.from({ length: 4 }, () => [500, 'invocation_stopped']),
  )
  const later = fetch(url)
  await second.take(5)
  expect([first.items.length, stopped.items.length]).toEqual([4, 4])
  two.socket.terminate()
  expect((await later).status).toBe(500)
})

it('requests for a worker that was lost wait for its return', async () => {
  const http = await startHttpEngine({}, {}, { restart_grace_ms: 600_000 })
  const url = await http.url()
  const before = await http.connect()
  await http.serve(before, 'f', 'GET /', () => ({ body: 'before' }))
  expect(await (await fetch(url)).json()).toBe('before')
  before.socket.terminate()
  await expect.poll(() => isConnected(http, before)).toBe(false)
  const waiting = Array.from({ length: 5 }, async () => statusAndBody(await fetch(url)))
  const after = await http.connect()
  await http.serve(after, 'f', 'GET /', () => ({ body: 'after' }))
  expect(await Promise.all(waiting)).toEqual(Array.from({ length: 5 }, () => [200, 'after']))
})

it.each([V22, V11])('a body nested 50,000 levels deep does not end a worker of iii-sdk $name', async (version) => {
  const http = await startHttpEngine()
  const client = connectSdk(version, http.engine.url)
  client.registerFunction('f', async ({ body }) => ({ body }))
  client.registerTrigger({ type: 'http', function_id: 'f', config: { api_path: '/', http_method: 'POST' } })
  const url = await http.url()
  const post = async (body: string): Promise<string> =>
    (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).text()
  await expect.poll(() => post('[1]')).toBe('[1]')
  for (const body of ['['.repeat(50_000) + ']'.repeat(50_000), '{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000)])
    expect(await post(body)).toBe('null')
  expect(await post('[1]')).toBe('[1]')
})
