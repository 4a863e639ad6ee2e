// `iii-http` that is reloaded many times while clients of all kinds use it: nothing is lost or cut, and nobody is refused, but for
// connections that are half made when a listener closes, where the system does not hand them on.
import { Agent, request as httpRequest } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { startHttpEngine, type HttpEngine } from '../../plugins/http/http-engine.ts'
import { connectSdk, V22 } from '../../clients/versions.ts'
import { isHalfMade, isKeptReset } from '../../support/reset-connections.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { report } from '../network/engine-under-test.ts'

const RELOADS = 150
/** A reload has a moment in which that can happen. That nothing is cut which was taken is held by `test/plugins/http/engine.test.ts`. */
const MAX_HALF_MADE = RELOADS / 10
let halfMade = 0
const UPLOAD = Buffer.alloc(256 * 1024, 'u')

interface Load {
  readonly counts: Map<string, number>
  readonly failures: unknown[]
  stop(): Promise<void>
}

/** Clients that do the same again and again until they are told to stop. */
function startLoad(clients: Readonly<Record<string, () => Promise<void>>>): Load {
  const counts = new Map<string, number>()
  const failures: unknown[] = []
  const ending = new AbortController()
  const loops = Object.entries(clients).map(async ([name, once]) => {
    counts.set(name, 0)
    while (!ending.signal.aborted) {
      try {
        await once()
        counts.set(name, counts.get(name)! + 1)
      } catch (error) {
        failures.push(`${name}: ${(error as Error).message}`)
      }
    }
  })
  return {
    counts,
    failures,
    async stop() {
      ending.abort()
      await Promise.all(loops)
    },
  }
}

function syscallOf(error: Error): string | undefined {
  return (error as NodeJS.ErrnoException).syscall
}

/** One request; rejects unless it is answered with 200, and when its answer is cut off. */
function ask(url: string, agent: Agent | false, body?: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/octet-stream' }
    const request = httpRequest(url, { agent, method: body === undefined ? 'GET' : 'POST', headers })
    request.on('error', (error) => {
      const isLost = isHalfMade(request, error) && (body === undefined || syscallOf(error) === 'connect')
      if (isLost) halfMade++
      if (isLost || (body === undefined && isKeptReset(request, error))) resolve('again')
      else reject(error)
    })
    request.on('response', (response) => {
      let text = ''
      response.setEncoding('latin1')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text)
        else reject(new Error(`${response.statusCode} ${text}`))
      })
    })
    request.end(body)
  })
}

async function serve(http: HttpEngine): Promise<void> {
  const client = connectSdk(V22, http.engine.url)
  client.registerFunction('plain', async () => ({ body: 'ok' }))
  client.registerFunction('upload', async ({ request_body }) => ({ body: (await request_body.readAll()).length }))
  client.registerFunction('events', async ({ response }) => {
    response.sendMessage('{"type":"set_headers","headers":{"content-type":"text/event-stream"}}')
    for (let event = 0; event < 20 && !response.stream.destroyed; event++) {
      response.stream.write(`data: ${event}\n\n`)
      await new Promise((resolve) => setImmediate(resolve))
    }
    response.close()
    return null
  })
  client.registerTrigger({ type: 'http', function_id: 'plain', config: { api_path: '/plain' } })
  client.registerTrigger({ type: 'http', function_id: 'upload', config: { api_path: '/upload', http_method: 'POST' } })
  client.registerTrigger({ type: 'http', function_id: 'events', config: { api_path: '/events' } })
  const url = await http.url()
  for (const path of ['/plain', '/events'])
    await expect
      .poll(() => fetch(url + path).then(async (response) => [response.status, await response.text()][0]))
      .toBe(200)
}

it(`${RELOADS} reloads refuse, lose and cut nothing`, async () => {
  const http = await startHttpEngine({ port: await unusedPort() })
  await serve(http)
  const url = await http.url()
  const kept = new Agent({ keepAlive: true, maxSockets: 4 })
  onTestFinished(() => kept.destroy())
  const is = async (expected: string | RegExp, answer: Promise<string>): Promise<void> => {
    const text = await answer
    if (text !== 'again' && !(typeof expected === 'string' ? text === expected : expected.test(text)))
      throw new Error(`answered ${JSON.stringify(text.slice(0, 100))}`)
  }
  const load = startLoad({
    'kept connection 1': () => is('"ok"', ask(`${url}/plain`, kept)),
    'kept connection 2': () => is('"ok"', ask(`${url}/plain`, kept)),
    'new connection 1': () => is('"ok"', ask(`${url}/plain`, false)),
    'new connection 2': () => is('"ok"', ask(`${url}/plain`, false)),
    upload: () => is(String(UPLOAD.length), ask(`${url}/upload`, false, UPLOAD)),
    // A reload ends it early, with an end that is whole.
    events: () => is(/^(data: \d+\n\n)+$/, ask(`${url}/events`, false)),
  })
  for (let round = 0; round < RELOADS; round++) await http.engine.call('engine::plugins::reload', { name: 'iii-http' })
  await load.stop()
  report(`${RELOADS} reloads of iii-http: ${JSON.stringify(Object.fromEntries(load.counts))}`)
  expect(load.failures).toEqual([])
  expect(halfMade).toBeLessThanOrEqual(MAX_HALF_MADE)
  for (const [name, count] of load.counts) expect(count, name).toBeGreaterThan(RELOADS / 10)
  const info = (await http.engine.call('engine::plugins::info', { name: 'iii-http' })) as {
    generation: number
    restarts: number
  }
  expect(info.generation).toBeGreaterThan(RELOADS)
  expect(info.restarts).toBe(0)
}, 290_000)
