// `http` makes a handler of one that writes a response (spec 08 §9, check 21): what goes through the channel is what an HTTP worker reads.
import { expect, it } from 'vitest'
import { http } from '../../../sdk.ts'
import { startCore } from '../../support/test-core.ts'
import { connect, SURFACES } from './clients.ts'

const [{ sdk }] = SURFACES
const REQUEST = { path_params: { id: '7' }, query_params: {}, headers: {}, method: 'POST' }

it('status, headers and body go through the channel of the response, and the body of the request is read from its own', async () => {
  const core = await startCore()
  const iii = connect(sdk, core.url())
  iii.registerFunction(
    'page',
    http(async ({ path_params, request_body, method, ...others }, response) => {
      expect(Object.keys(others)).not.toContain('response')
      response.status(201)
      response.headers({ 'x-a': '1' })
      response.stream.end(`${method} ${path_params['id']}: ${(await request_body.readAll()).toString()}`)
    }),
  )
  const [request, answer] = [await iii.createChannel(), await iii.createChannel()]
  const messages: unknown[] = []
  answer.reader.onMessage((text) => messages.push(JSON.parse(text)))
  request.writer.stream.end('hello')
  const payload = { ...REQUEST, request_body: request.readerRef, response: answer.writerRef }
  expect(await iii.trigger({ function_id: 'page', payload })).toBeUndefined()
  expect((await answer.reader.readAll()).toString()).toBe('POST 7: hello')
  expect(messages).toEqual([
    { type: 'set_status', status_code: 201 },
    { type: 'set_headers', headers: { 'x-a': '1' } },
  ])
})

it('a whole answer may be returned instead', async () => {
  const core = await startCore()
  const iii = connect(sdk, core.url())
  const { writerRef: response, readerRef: request_body } = await iii.createChannel()
  iii.registerFunction(
    'api',
    http(() => ({ status_code: 200, body: { ok: true } })),
  )
  const payload = { ...REQUEST, request_body, response }
  expect(await iii.trigger({ function_id: 'api', payload })).toEqual({ status_code: 200, body: { ok: true } })
})
