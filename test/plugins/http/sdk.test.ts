// The unmodified SDKs behind HTTP: buffered answers, their `http` helper, uploads.
import { http as http22 } from '@iii-dev/helpers/http'
import { http as http11 } from 'iii-sdk-0-11'
import { describe, expect, it } from 'vitest'
import { connectSdk, V11, V22, type Client } from '../../clients/versions.ts'
import { startHttpEngine } from './http-engine.ts'

async function routed(client: Client, url: string, id: string, route: string, handler: (request: any) => unknown) {
  const [http_method, api_path] = route.split(' ')
  client.registerFunction(id, handler)
  client.registerTrigger({ type: 'http', function_id: id, config: { http_method, api_path } })
  await expect.poll(async () => (await fetch(url + api_path, { method: 'HEAD' })).status).not.toBe(404)
}

describe.each([
  [V22, http22 as unknown as typeof http11],
  [V11, http11],
])('iii-sdk $name', (version, http) => {
  it('answers as a whole, streams events, and reads uploads', async () => {
    const engine = await startHttpEngine()
    const url = await engine.url()
    const client = connectSdk(version, engine.engine.url)
    await routed(client, url, 'users::create', 'POST /users/new', async ({ body }) => ({ status_code: 201, body }))
    const created = await fetch(`${url}/users/new`, {
      method: 'POST',
      body: '{"name":"Ann"}',
      headers: { 'content-type': 'application/json' },
    })
    expect([created.status, await created.json()]).toEqual([201, { name: 'Ann' }])

    const events = http(async (_request: any, response: any) => {
      response.status(200)
      response.headers({ 'content-type': 'text/event-stream' })
      response.stream.write('data: 1\n\n')
      // Its `close()` drops what it has not sent.
      response.stream.end('data: 2\n\n')
    })
    await routed(client, url, 'events', 'GET /events', events as never)
    const stream = await fetch(`${url}/events`)
    expect([stream.headers.get('content-type'), await stream.text()]).toEqual([
      'text/event-stream',
      'data: 1\n\ndata: 2\n\n',
    ])

    await routed(client, url, 'upload', 'PUT /upload', async ({ request_body }) => ({
      body: (await request_body.readAll()).length,
    }))
    const uploaded = await fetch(`${url}/upload`, { method: 'PUT', body: Buffer.alloc(3_000_000, 'x') })
    expect(await uploaded.json()).toBe(3_000_000)
  })
})
