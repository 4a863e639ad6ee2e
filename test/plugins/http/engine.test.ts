// `iii-http` in a whole engine: reloads that nobody notices, another address at run time, namespaces, an address that is taken.
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { Agent } from 'node:http'
import type { Writable } from 'node:stream'
import { expect, it } from 'vitest'
import { within } from '../../support/deadline.ts'
import { connectSdk, V22 } from '../../clients/versions.ts'
import { isHalfMade } from '../../support/reset-connections.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { startHttpEngine, type HttpEngine } from './http-engine.ts'
import { openRequest, rawConnection, textOf } from './open-request.ts'

/** Asks one request after the other until `stop` is called; says what was not answered with 200. */
function load(url: string, agent: Agent | false): { stop(): Promise<{ answered: number; failures: unknown[] }> } {
  const run = { isRunning: true }
  let answered = 0
  const failures: unknown[] = []
  const done = (async () => {
    while (run.isRunning) {
      const { request, answered: answer } = openRequest(url, { method: 'GET', agent })
      request.end()
      try {
        const response = await answer
        const text = await textOf(response)
        if (response.statusCode === 200) answered++
        else failures.push([response.statusCode, text])
      } catch (error) {
        if (isHalfMade(request, error as Error)) continue
        failures.push((error as Error).message)
      }
    }
  })()
  return {
    async stop() {
      run.isRunning = false
      await done
      return { answered, failures }
    },
  }
}

const ANSWERED = /^HTTP\/1.1 200 [^]*"ok"$/

const reload = ({ engine }: HttpEngine): Promise<unknown> =>
  engine.call('engine::plugins::reload', { name: 'iii-http' })

it('a reload refuses no connection and loses no request', async () => {
  const http = await startHttpEngine({ port: await unusedPort() })
  const worker = await http.connect()
  await http.serve(worker, 'f', 'GET /', () => ({ body: 'ok' }))
  const url = await http.url()
  const agent = new Agent({ keepAlive: true, maxSockets: 2 })
  const loads = [load(url, false), load(url, false), load(url, agent), load(url, agent)]
  for (let round = 0; round < 3; round++) await reload(http)
  const outcomes = await Promise.all(loads.map((one) => one.stop()))
  agent.destroy()
  expect(outcomes.flatMap(({ failures }) => failures)).toEqual([])
  for (const { answered } of outcomes) expect(answered).toBeGreaterThan(0)
})

/** A request whose answer waits for `finish`. */
async function underWay() {
  const http = await startHttpEngine({ port: await unusedPort() })
  const worker = await http.connect()
  const called = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  await http.serve(worker, 'slow', 'GET /slow', async () => {
    called.resolve()
    await finish.promise
    return { body: 'done' }
  })
  const url = await http.url()
  const connection = await rawConnection(url)
  connection.socket.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n')
  await called.promise
  return { http, url, connection, finish: () => finish.resolve() }
}

it('what is under way when the worker is reloaded is finished', async () => {
  const { http, connection, finish } = await underWay()
  await reload(http)
  finish()
  expect(await connection.ended).toMatch(/connection: close[^]*"done"$/i)
})

it('the end of the engine right after a reload takes no more, while what is under way in the old code is finished', async () => {
  const { http, url, connection, finish } = await underWay()
  await reload(http)
  const closed = http.close()
  const isRefused = (): Promise<boolean> =>
    fetch(`${url}/nowhere`).then(
      () => false,
      () => true,
    )
  await expect.poll(isRefused, { timeout: 5_000 }).toBe(true)
  finish()
  expect(await connection.ended).toMatch(/"done"$/)
  await closed
})

it('connections that were taken before a reload are answered by whoever has taken them', async () => {
  const http = await startHttpEngine({ port: await unusedPort() })
  const worker = await http.connect()
  await http.serve(worker, 'f', 'GET /', () => ({ body: 'ok' }))
  const url = await http.url()
  // Before the first reload: after it an older generation may have the address, too, for a moment.
  const connections = await Promise.all(Array.from({ length: 60 }, () => rawConnection(url)))
  for (const { socket } of connections) socket.write('GET / HTTP/1.1\r\n')
  // The system gives connections out in the order in which they came: once this one is answered, all have been taken.
  const last = await rawConnection(url)
  last.socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  expect(await last.ended).toMatch(ANSWERED)
  await reload(http)
  for (const { socket } of connections) socket.write('host: x\r\nconnection: close\r\n\r\n')
  for (const { ended } of connections) expect(await ended).toMatch(ANSWERED)
})

it('event streams end cleanly when the worker is reloaded, and their writers learn of it', async () => {
  const http = await startHttpEngine({ port: await unusedPort() })
  const client = connectSdk(V22, http.engine.url)
  const closed = Promise.withResolvers<void>()
  client.registerFunction('events', (request) => {
    const { response } = request as { response: { stream: Writable; sendMessage(text: string): void } }
    response.sendMessage('{"type":"set_headers","headers":{"content-type":"text/event-stream"}}')
    response.stream.write('data: 1\n\n')
    response.stream.on('close', closed.resolve)
    return null
  })
  client.registerTrigger({ type: 'http', function_id: 'events', config: { api_path: '/' } })
  const url = await http.url()
  let stream: Response | undefined
  await expect.poll(async () => (stream = await fetch(url)).status).toBe(200)
  const reader = stream!.body!.pipeThrough(new TextDecoderStream()).getReader()
  expect(await reader.read()).toEqual({ done: false, value: 'data: 1\n\n' })
  await reload(http)
  expect(await reader.read()).toEqual({ done: true, value: undefined })
  await within(5_000, 'the end of the writer', closed.promise)
})

it('another port is opened first, then the old one is closed with its idle connections', async () => {
  const http = await startHttpEngine()
  const worker = await http.connect()
  await http.serve(worker, 'f', 'GET /', () => ({ body: 'ok' }))
  const old = await http.url()
  const kept = await rawConnection(old)
  kept.socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await kept.until(/"ok"$/)
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const set = (port: number): Promise<unknown> =>
    http.engine.call('configuration::set', { id: 'http', value: { port } })
  try {
    await expect(set((taken.address() as AddressInfo).port)).rejects.toThrow(/already in use/)
  } finally {
    taken.close()
  }
  expect(await (await fetch(old)).json()).toBe('ok')
  const port = await unusedPort()
  await set(port)
  expect(await http.url()).toBe(`http://127.0.0.1:${port}`)
  expect(await (await fetch(await http.url())).json()).toBe('ok')
  await kept.ended
  await expect(fetch(old)).rejects.toThrow()
})

it('an address that another engine has is an error, though both could share it', async () => {
  const port = await unusedPort()
  const first = await startHttpEngine({ port })
  await expect(startHttpEngine({ port })).rejects.toThrow(/already in use/)
  expect((await fetch(await first.url())).status).toBe(404)
})

it('a binding without a namespace calls the function of the default one', async () => {
  const http = await startHttpEngine()
  const [there, here] = [await http.connect({ namespace: 'n1' }), await http.connect()]
  await there.provided('f', () => ({ body: 'n1' }))
  await here.provided('f', () => ({ body: 'default' }))
  for (const [api_path, more] of [
    ['/n1', { namespace: 'n1' }],
    ['/default', {}],
  ] as const)
    here.send({
      type: 'registertrigger',
      id: api_path,
      trigger_type: 'http',
      function_id: 'f',
      config: { api_path },
      ...more,
    })
  await here.settled()
  const url = await http.url()
  const body = async (path: string): Promise<unknown> => (await fetch(url + path)).json()
  expect([await body('/n1'), await body('/default')]).toEqual(['n1', 'default'])
})

it('the end of the engine finishes what is under way and closes what is idle', async () => {
  const http = await startHttpEngine()
  const worker = await http.connect()
  await http.serve(worker, 'f', 'GET /', () => ({ body: 'ok' }))
  const idle = await rawConnection(await http.url())
  idle.socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await idle.until(/"ok"$/)
  await http.close()
  expect(await idle.ended).toMatch(/"ok"$/)
})

it('what iii’s configuration worker knows of it is there: the handler under both names, and its binding, also after a reload', async () => {
  const http = await startHttpEngine()
  const shown = {
    id: 'iii-http::config-watch',
    trigger_type: 'configuration',
    function_id: 'iii-http::on-config-change',
    config: { configuration_id: 'iii-http', event_types: ['configuration:updated'] },
  }
  const worker = await http.connect()
  for (let round = 0; round < 2; round++) {
    for (const id of ['iii-http::on-config-change', 'http::on-config-change'])
      expect((await worker.call(id, { any: 1 })).result).toEqual({ ok: true })
    const listed = (await http.engine.call('engine::registered-triggers::list', { include_internal: true })) as any
    expect(listed.registered_triggers).toContainEqual(expect.objectContaining(shown))
    await reload(http)
  }
  const functions = (await http.engine.call('engine::functions::list', {})) as any
  expect(JSON.stringify(functions)).not.toContain('on-config-change')
})

it('0 requests at a time are one with a warning in the configuration file, and refused when they are set', async () => {
  const http = await startHttpEngine({ concurrency_request_limit: 0 })
  const worker = await http.connect()
  await http.serve(worker, 'f', 'GET /', () => ({ body: 'ok' }))
  expect((await fetch(await http.url())).status).toBe(200)
  expect(http.logged()).toContain('concurrency_request_limit is 0, which counts as 1')
  const set = (value: object) => worker.call('configuration::set', { id: 'iii-http', value })
  const { error } = await set({ port: 0, concurrency_request_limit: 0 })
  expect(error?.code).toBe('SCHEMA_INVALID')
  expect(error?.message).toContain('concurrency_request_limit')
  expect((await set({ port: 0, concurrency_request_limit: 1 })).error).toBeUndefined()
})
