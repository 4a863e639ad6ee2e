// What functions get of a request, and what is made of their results (spec 06 A.4–A.7).
import { describe, expect, it } from 'vitest'
import { runHttp } from './http-run.ts'

describe('a route', () => {
  it('calls its function with the request and sends what it returns', async () => {
    const run = await runHttp()
    const requests: Record<string, unknown>[] = []
    await run.serve('users::get', 'GET /users/:id', (request: Record<string, unknown>) => {
      requests.push(request)
      return { status_code: 201, body: { a: 1 } }
    })
    const response = await fetch(`${run.url}/users/42?page=1&page=2`)
    expect(response.status).toBe(201)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.text()).toBe('{"a":1}')
    const [request] = requests
    expect(request).toMatchObject({
      path_params: { id: '42' },
      query_params: { page: '2' },
      path: '/users/:id',
      method: 'GET',
      trigger: { type: 'http', path: '/users/:id', method: 'GET' },
      body: null,
    })
    expect(JSON.parse(JSON.stringify(request))).toMatchObject({
      request_body: { direction: 'read' },
      response: { direction: 'write' },
    })
  })
})
