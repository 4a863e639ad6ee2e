// The span of a request, where somebody holds the seat `telemetry` and the call is traced.
import { expect, test } from 'vitest'
import { definePlugin } from '../../../sdk/plugin.ts'
import { apiServer } from './api-server.ts'
import { runHttpFunctions } from './run-http-functions.ts'

const TRACE = 'a'.repeat(32)
const PARENT = 'b'.repeat(16)

test('A traced request is a span of kind client, whose context goes along; secrets of the URL do not stand in it', async () => {
  const frames: any[] = []
  const api = await apiServer((_request, response) => void response.writeHead(404).end('no'))
  const run = await runHttpFunctions()
  const telemetry = definePlugin({
    name: 'spans',
    seats: ['telemetry'],
    start({ iii }) {
      const take = (json: string, metadata: any): void => {
        const frame = { ...JSON.parse(json), signal: metadata.signal }
        if (JSON.stringify(frame).includes('iii-http-functions')) frames.push(frame)
      }
      iii.registerFunction('engine::seat::telemetry', take as never, { raw: true })
    },
  })
  await run.engine.run(telemetry, { builtIn: true })
  await run.register({ url: `${api.url}/hook?key=s3cret` })
  const call = (flags: string): Promise<unknown> =>
    run.worker
      .trigger({ function_id: 'f', payload: {}, traceparent: `00-${TRACE}-${PARENT}-${flags}` })
      .catch(() => undefined)
  // Told of the seat a moment after it is held.
  await expect
    .poll(async () => (await call('01'), api.last.headers.traceparent), { timeout: 10_000 })
    .not.toContain(PARENT)
  await run.host.stop()
  await expect.poll(() => frames.length, { timeout: 10_000 }).toBeGreaterThan(0)
  const spans = frames.flatMap((frame) => frame.resourceSpans[0].scopeSpans[0].spans)
  const [span] = spans
  expect(api.requests.map(({ headers }) => headers.traceparent)).toContain(`00-${TRACE}-${span.spanId}-01`)
  expect(span).toMatchObject({ traceId: TRACE, parentSpanId: PARENT, name: `POST 127.0.0.1:${api.port}`, kind: 3 })
  const attributes = Object.fromEntries(span.attributes.map(({ key, value }: any) => [key, Object.values(value)[0]]))
  expect(attributes).toEqual({
    function_id: 'f',
    'http.request.method': 'POST',
    'server.address': '127.0.0.1',
    'url.scheme': 'http',
    'http.response.status_code': '404',
    'error.type': 'http_error',
  })
  expect(span.status).toEqual({ code: 2, message: 'HTTP 404 Not Found' })
  expect(JSON.stringify(frames)).not.toContain('s3cret')
})
