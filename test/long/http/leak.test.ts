// 50,000 requests of all kinds leave nothing behind: no memory, no slots, no connections.
import { Agent, request as httpRequest } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { startHttpEngine, type HttpEngine } from '../../plugins/http/http-engine.ts'
import { connectSdk, V22 } from '../../clients/versions.ts'
import { Collector } from '../../support/deadline.ts'
import { RawHttp, requestText } from '../../support/raw-http.ts'
import { report } from '../network/engine-under-test.ts'

const REQUESTS = 50_000
/** What the heap takes for requests as such, it has taken after that many. */
const BEFORE = 10_000
const AT_ONCE = 32
const SLOTS = 64
const ALLOWED_MIB = 24

type Kind = (number: number) => Promise<void>

/** One request; resolves with its status when the answer has ended, however it did. `abort`: the client goes as soon as it has begun. */
function ask(
  url: string,
  agent: Agent,
  { method = 'GET', type = 'application/json', body = '', abort = false } = {},
): Promise<number> {
  return new Promise((resolve) => {
    const request = httpRequest(url, { agent, method, headers: body === '' ? {} : { 'content-type': type } })
    request.on('error', () => resolve(0))
    request.on('response', (response) => {
      if (abort) response.once('data', () => request.destroy())
      else response.resume()
      response.on('error', () => {})
      response.on('close', () => resolve(response.statusCode ?? 0))
    })
    request.end(body)
  })
}

/** Goes away in the middle of something. */
async function leaveAfter(url: string, text: string, seen?: RegExp): Promise<void> {
  const client = await RawHttp.open(url)
  client.send(text)
  if (seen !== undefined) await client.until(seen)
  client.reset()
  await client.closed()
}

function kindsOf(url: string, agent: Agent): Record<string, Kind> {
  const status =
    (expected: number, path: string, options = {}): Kind =>
    async (number) => {
      const answered = await ask(`${url}${path}?n=${number}`, agent, options)
      if (answered !== expected && answered !== 0) throw new Error(`${path} was answered with ${answered}`)
    }
  const post = (type: string, body: string): object => ({ method: 'POST', type, body })
  return {
    plain: status(200, '/plain'),
    json: status(200, '/json', post('application/json', `{"a":"${'x'.repeat(500)}"}`)),
    upload: status(200, '/upload', post('text/plain', 'y'.repeat(20_000))),
    unread: status(200, '/plain-post', post('text/plain', 'z'.repeat(20_000))),
    stream: status(200, '/stream'),
    error: status(500, '/error'),
    missing: status(404, '/nowhere'),
    method: status(405, '/plain', { method: 'DELETE' }),
    query: status(400, '/plain?%'),
    'gone from a stream': status(200, '/endless', { abort: true }),
    'gone from a head': () => leaveAfter(url, 'GET /plain HTTP/1.1\r\nHost: a\r\nX: '),
    'gone from a body': () =>
      leaveAfter(
        url,
        requestText(
          'POST /json',
          ['Content-Type: application/json', 'Content-Length: 100', 'Expect: 100-continue'],
          '',
          { keepAlive: true },
        ),
        /100 Continue/,
      ),
    'gone while waiting': () => leaveAfter(url, requestText('GET /late', [], '', { keepAlive: true })),
    'refused at its head': () => leaveAfter(url, requestText('POST /json', ['Transfer-Encoding: gzip']), /501/),
  }
}

async function serve(http: HttpEngine): Promise<Collector<() => void>> {
  const client = connectSdk(V22, http.engine.url)
  const held = new Collector<() => void>()
  const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const routes: Record<string, (request: any) => unknown> = {
    'GET /plain': async () => ({ body: 'ok' }),
    'POST /plain-post': async () => ({ body: 'ok' }),
    'POST /json': async ({ body }) => ({ body }),
    'POST /upload': async ({ request_body }) => ({ body: (await request_body.readAll()).length }),
    'GET /stream': async ({ response }) => {
      for (let piece = 0; piece < 3; piece++) response.stream.write('piece')
      response.close()
      return null
    },
    'GET /endless': async ({ response }) => {
      while (!response.stream.destroyed) {
        if (!response.stream.write('x'.repeat(1_000))) await later()
        await later()
      }
      return null
    },
    'GET /error': async () => {
      throw new Error('boom')
    },
    'GET /late': async () => {
      await later()
      return { body: 'late' }
    },
    'GET /held': () => new Promise((resolve) => held.add(() => resolve({ body: 'held' }))),
  }
  for (const [route, handler] of Object.entries(routes)) {
    const [http_method, api_path] = route.split(' ')
    client.registerFunction(route.replace(/\W+/g, '-'), handler)
    client.registerTrigger({ type: 'http', function_id: route.replace(/\W+/g, '-'), config: { http_method, api_path } })
  }
  await expect.poll(async () => (await fetch(`${await http.url()}/late`)).status).toBe(200)
  return held
}

it(`${REQUESTS} requests of all kinds leave nothing behind`, async () => {
  // Each request that goes wrong is logged.
  const http = await startHttpEngine({
    concurrency_request_limit: SLOTS,
    max_waiting_requests: 1_000,
    default_timeout: 30_000,
  })
  const held = await serve(http)
  const url = await http.url()
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  onTestFinished(() => agent.destroy())
  const kinds = Object.values(kindsOf(url, agent))
  const memory: number[] = []
  let number = 0
  const client = async (until: number): Promise<void> => {
    while (number < until) {
      const mine = number++
      await kinds[mine % kinds.length]!(mine)
    }
  }
  for (let until = BEFORE; until <= REQUESTS; until += BEFORE) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => client(until)))
    memory.push(await memoryMiB(http))
  }
  report(
    `${REQUESTS} requests of ${kinds.length} kinds: memory of iii-http after each ${BEFORE}: ${memory.join(', ')} MiB`,
  )
  expect(Math.min(...memory.slice(1)) - memory[0]!).toBeLessThan(ALLOWED_MIB)
  // All slots are free: as many requests as there are slots are in work at once, and no more.
  const answers = Array.from({ length: SLOTS }, () => ask(`${url}/held`, new Agent()))
  const release = await held.take(SLOTS, 30_000)
  for (const one of release) one()
  expect(await Promise.all(answers)).toEqual(Array.from({ length: SLOTS }, () => 200))
  const info = (await http.engine.call('engine::plugins::info', { name: 'iii-http' })) as {
    in_flight: number
    restarts: number
  }
  expect([info.in_flight, info.restarts]).toEqual([0, 0])
}, 290_000)

/** The least of some readings: what is garbage goes at some time. */
async function memoryMiB(http: HttpEngine): Promise<number> {
  let least = Infinity
  for (let reading = 0; reading < 20; reading++) {
    const { memory_bytes } = (await http.engine.call('engine::plugins::info', { name: 'iii-http' })) as {
      memory_bytes: number
    }
    least = Math.min(least, memory_bytes / 1024 / 1024)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return Math.round(least)
}
