// More clients than there is room for.
import { expect, it } from 'vitest'
import { Collector } from '../../../support/deadline.ts'
import { RawHttp, requestText } from '../../../support/raw-http.ts'
import { runHttp } from '../http-run.ts'

const KEPT = { keepAlive: true }

it('of 2,000 requests to a slow handler 1,024 are worked on at a time, and none is lost', async () => {
  const run = await runHttp()
  let inWork = 0
  let most = 0
  const full = Promise.withResolvers<void>()
  await run.serve('f', 'GET /:number', async ({ path_params }) => {
    most = Math.max(most, ++inWork)
    if (inWork === 1_024) full.resolve()
    await full.promise
    await new Promise((resolve) => setImmediate(resolve))
    inWork--
    return { body: path_params['number'] }
  })
  const clients = await Promise.all(Array.from({ length: 2_000 }, () => RawHttp.open(run.url)))
  clients.forEach((client, number) => client.send(requestText(`GET /${number}`, [], '', KEPT)))
  const answers = await Promise.all(clients.map((client) => client.next()))
  expect(answers.map((answer) => [answer?.status, answer?.body])).toEqual(
    Array.from({ length: 2_000 }, (_, number) => [200, `"${number}"`]),
  )
  expect(most).toBe(1_024)
})

it('connections beyond max_connections are closed, those that are there go on, and one that goes makes room', async () => {
  const run = await runHttp({ max_connections: 20 })
  await run.serve('f', 'GET /', () => ({ body: 'ok' }))
  const ask = async (client: RawHttp): Promise<number | undefined> =>
    (await client.send(requestText('GET /', [], '', KEPT)).next())?.status
  const idle = await Promise.all(Array.from({ length: 20 }, () => RawHttp.open(run.url)))
  for (const client of idle) expect(await ask(client)).toBe(200)
  for (let round = 0; round < 50; round++) {
    const refused = await RawHttp.open(run.url).catch(() => undefined)
    expect(await refused?.rest().catch(() => [])).toEqual([])
  }
  for (const client of idle) expect(await ask(client)).toBe(200)
  idle[0]!.socket.destroy()
  await expect
    .poll(async () => {
      const client = await RawHttp.open(run.url)
      const status = await ask(client)
      client.socket.destroy()
      return status
    })
    .toBe(200)
})

it('a crowd that comes, asks and goes at once leaves nothing behind', async () => {
  const run = await runHttp({ concurrency_request_limit: 8, max_waiting_requests: 8 })
  const called = new Collector<string>()
  await run.serve('held', 'GET /held', () => {
    called.add('held')
    return new Promise(() => {})
  })
  await run.serve('ok', 'GET /ok', () => ({ body: 'ok' }))
  for (let round = 0; round < 10; round++) {
    const clients = await Promise.all(Array.from({ length: 40 }, () => RawHttp.open(run.url)))
    for (const client of clients) client.send(requestText('GET /held', [], '', KEPT))
    await called.take((round + 1) * 8)
    for (const client of clients) client.reset()
    await expect.poll(async () => (await fetch(`${run.url}/ok`)).status).toBe(200)
  }
})
