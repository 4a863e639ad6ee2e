// Requests as spans of the trace that they belong to (spec 06 A.10).
import { expect, it } from 'vitest'
import { definePlugin } from '../../../sdk/plugin.ts'
import { Collector } from '../../support/deadline.ts'
import { runHttp, type HttpRun } from './http-run.ts'

interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[]
  readonly status: { readonly code: number }
}

/** What the holder of the seat gets from now on. */
async function spansOf({ engine }: HttpRun): Promise<Collector<OtlpSpan>> {
  const spans = new Collector<OtlpSpan>()
  const definition = definePlugin({
    name: 'observer',
    seats: ['telemetry'],
    start({ iii }) {
      iii.registerFunction('engine::seat::telemetry', (exported: any) => {
        for (const { scopeSpans } of exported.resourceSpans)
          for (const scope of scopeSpans) for (const span of scope.spans) spans.add(span)
      })
    },
  })
  await engine.run(definition, { builtIn: true })
  // Answered behind the news of the seat.
  await engine.connect().listFunctions()
  return spans
}

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER = 'b7ad6b7169203331'

it('a request is a span of the trace of its client, which the handler continues', async () => {
  const run = await runHttp()
  const spans = await spansOf(run)
  await run.serve('users::get', 'POST /users/:id', () => ({ status_code: 404, body: {} }))
  await fetch(`${run.url}/users/1?a=b`, {
    method: 'POST',
    body: '{}',
    headers: {
      traceparent: `00-${TRACE}-${CALLER}-01`,
      authorization: 'Bearer secret',
      'content-type': 'application/json',
    },
  })
  const [span] = await spans.take(1)
  expect(span).toMatchObject({
    traceId: TRACE,
    parentSpanId: CALLER,
    name: 'POST /users/:id',
    kind: 2,
    status: { code: 2 },
  })
  const attributes = Object.fromEntries(span!.attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
  expect(attributes).toMatchObject({
    'http.request.method': 'POST',
    'http.route': '/users/:id',
    'url.path': '/users/1',
    'url.query': 'a=b',
    'url.scheme': 'http',
    'url.full': `${run.url}/users/1?a=b`,
    'server.address': '127.0.0.1',
    'http.request.header.content_type': 'application/json',
    'http.request.body.size': '2',
    'http.response.status_code': '404',
    'iii.function.kind': 'user',
  })
  expect(JSON.stringify(span)).not.toContain('secret')
  const call = run.engine.calls.find(({ function_id }) => function_id === 'users::get')
  expect(call?.traceparent).toBe(`00-${TRACE}-${span!.spanId}-01`)
})

it('a request without a trace begins one', async () => {
  const run = await runHttp()
  const spans = await spansOf(run)
  await run.serve('f', 'GET /', () => ({ body: 1 }))
  await fetch(run.url)
  const [span] = await spans.take(1)
  expect(span).toMatchObject({ name: 'GET /', kind: 2, status: { code: 1 } })
  expect(span!.parentSpanId).toBeUndefined()
  expect(span!.traceId).toMatch(/^[0-9a-f]{32}$/)
})

it('nobody who holds the seat: no span, and a trace of the client is passed on as it is, one that is none not at all', async () => {
  const run = await runHttp()
  await run.serve('f', 'GET /', () => ({ body: 1 }))
  const traceparentOf = async (traceparent: string): Promise<string | undefined> => {
    await fetch(run.url, { headers: { traceparent } })
    return run.engine.calls.findLast(({ function_id }) => function_id === 'f')?.traceparent
  }
  expect(await traceparentOf(`00-${TRACE}-${CALLER}-00`)).toBe(`00-${TRACE}-${CALLER}-00`)
  expect(await traceparentOf('no trace')).toBeUndefined()
})
