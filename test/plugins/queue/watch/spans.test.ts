// The spans of queues (spec 03 §3.9, check 79), as the plugin that holds the seat `telemetry` gets them.
import { expect, test } from 'vitest'
import { SPAN_BATCH } from '../../../../kit/telemetry/spans.ts'
import { MAX_SPAN_PAYLOAD } from '../../../../plugins/queue/watch/queue-spans.ts'
import { definePlugin } from '../../../../sdk/plugin.ts'
import { Collector, within } from '../../../support/deadline.ts'
import { collecting, failing, runQueuePlugin, type QueueRun } from '../queue-run.ts'

interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[]
  readonly events: readonly { readonly name: string; readonly attributes: OtlpSpan['attributes'] }[]
  readonly status: { readonly code: number; readonly message?: string }
}

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER = 'b7ad6b7169203331'
const SAMPLED = `00-${TRACE}-${CALLER}-01`

/** Spans that the holder of the seat gets, with the metadata of their exports. */
async function holder({ engine }: QueueRun) {
  const spans = new Collector<OtlpSpan>()
  const metadata = new Collector<unknown>()
  const definition = definePlugin({
    name: 'observer',
    seats: ['telemetry'],
    start({ iii }) {
      iii.registerFunction('engine::seat::telemetry', (exported: any, about) => {
        metadata.add(about)
        for (const { resource, scopeSpans } of exported.resourceSpans) {
          expect(valuesOf(resource.attributes)).toEqual({ 'service.name': 'iii-queue' })
          for (const scope of scopeSpans) for (const span of scope.spans) spans.add(span)
        }
      })
    },
  })
  const plugin = await engine.run(definition, { builtIn: true })
  // Answered behind the news of the seat.
  await engine.connect().listFunctions()
  return { spans, metadata, plugin }
}

function valuesOf(attributes: OtlpSpan['attributes']): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}

const callsOf = ({ engine }: QueueRun) => engine.calls.filter(({ function_id: id }) => id === 'f')

async function named(spans: Collector<OtlpSpan>, count: number): Promise<Map<string, OtlpSpan>> {
  return new Map((await spans.take(count)).map((span) => [span.name, span]))
}

test('an enqueue and each delivery are spans of the trace of the publisher, which the function continues', async () => {
  const run = await runQueuePlugin({ queue_configs: { mail: { max_retries: 2, backoff_ms: 1 } } })
  const { spans, metadata } = await holder(run)
  let failures = 0
  const traces = new Collector<string | undefined>()
  run.engine.connect().registerFunction('f', () => {
    traces.add(callsOf(run).at(-1)?.traceparent)
    if (failures++ === 0) failing('not yet')()
  })
  await run.enqueue('mail', 'f', 1, { traceparent: SAMPLED })
  await traces.take(2)
  const all = await spans.take(3)
  const [first, second] = all.filter(({ kind }) => kind === 5)
  const enqueue = all.find(({ kind }) => kind === 4)
  expect(metadata.items[0]).toEqual({ signal: 'OTLP', worker_id: null })
  expect(enqueue).toMatchObject({
    traceId: TRACE,
    parentSpanId: CALLER,
    name: 'enqueue f → mail',
    kind: 4,
    status: { code: 1 },
  })
  expect(valuesOf(enqueue!.attributes)).toMatchObject({ function_id: 'f', 'messaging.destination.name': 'mail' })
  expect(first).toMatchObject({
    traceId: TRACE,
    parentSpanId: enqueue!.spanId,
    name: 'fn_queue mail',
    kind: 5,
    status: { code: 2, message: 'not yet' },
  })
  expect(valuesOf(first!.attributes)).toEqual({
    'messaging.system': 'iii-queue',
    'messaging.destination.name': 'mail',
    'messaging.operation.type': 'process',
    function_id: 'f',
    queue: 'mail',
    attempt: '0',
    delivery_id: '1',
    'iii.tag.kind': 'queue.process',
    'iii.tag.display_name': 'queue(mail) f',
    'error.type': 'invocation_failed',
  })
  expect(valuesOf(second!.attributes)).toMatchObject({ attempt: '1', delivery_id: '2' })
  expect(second).toMatchObject({ parentSpanId: enqueue!.spanId, status: { code: 1 } })
  expect(traces.items).toEqual([first, second].map(({ spanId }: any) => `00-${TRACE}-${spanId}-01`))
  for (const { startTimeUnixNano, endTimeUnixNano } of spans.items) {
    expect(startTimeUnixNano).toMatch(/^\d{19}$/)
    expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano))
  }
})

test('79. a publish is a span with its input, and the delivery to each subscriber one of its own', async () => {
  const run = await runQueuePlugin()
  const { spans } = await holder(run)
  const got = collecting(run, 'a')
  await run.bind({ id: 't', function_id: 'a', config: { topic: 'orders' } })
  const traced = run.engine.connect()
  await traced.trigger({
    function_id: 'iii::durable::publish',
    payload: { topic: 'orders', data: { order: 1, api_key: 'k-1' } },
    traceparent: SAMPLED,
  })
  await got.take(1)
  const byName = await named(spans, 2)
  const publish = byName.get('execute iii::durable::publish')!
  expect(publish).toMatchObject({ traceId: TRACE, parentSpanId: CALLER, kind: 1, status: { code: 1 } })
  expect(valuesOf(publish.attributes)).toMatchObject({
    'messaging.destination.name': 'orders',
    'messaging.operation.type': 'publish',
    'baggage.topic': 'orders',
  })
  const [input] = publish.events
  expect(input!.name).toBe('iii.invocation.input')
  expect(valuesOf(input!.attributes)).toEqual({
    'iii.payload.json': '{"topic":"orders","data":{"order":1,"api_key":"********"}}',
    'iii.payload.truncated': false,
  })
  expect(byName.get('queue orders::a@default')).toMatchObject({ parentSpanId: publish.spanId, kind: 5 })
})

test('a long payload is not shown in its span', async () => {
  const run = await runQueuePlugin()
  const { spans } = await holder(run)
  const payload = { topic: 't', data: 'x'.repeat(MAX_SPAN_PAYLOAD) }
  await run.worker.trigger({ function_id: 'iii::durable::publish', payload, traceparent: SAMPLED })
  const [span] = await spans.take(1)
  expect(valuesOf(span!.events[0]!.attributes)).toEqual({
    'iii.payload.json': '{"topic":"t"}',
    'iii.payload.truncated': true,
  })
})

test('what is refused is a span with its error', async () => {
  const run = await runQueuePlugin({ queue_configs: { small: { max_jobs: 1 } } })
  const { spans } = await holder(run)
  await run.enqueue('small', 'nobody', 1, { traceparent: SAMPLED })
  await expect(run.enqueue('small', 'nobody', 2, { traceparent: SAMPLED })).rejects.toMatchObject({
    code: 'queue_full',
  })
  const all = await spans.take(2)
  expect(all.map(({ status }) => status.code).sort()).toEqual([1, 2])
  const refused = all.find(({ status }) => status.code === 2)!
  expect(valuesOf(refused.attributes)).toMatchObject({ 'error.type': 'queue_full' })
})

test.each([
  ['without a trace', undefined],
  ['that is not sampled', `00-${TRACE}-${CALLER}-00`],
  ['with a trace that is none', 'nonsense'],
])('a publisher %s has no spans, and its trace goes on as it came', async (_name, traceparent) => {
  const run = await runQueuePlugin()
  const { spans, plugin } = await holder(run)
  const got = collecting(run, 'f')
  await run.enqueue('default', 'f', 1, { traceparent })
  await got.take(1)
  expect(callsOf(run).at(-1)?.traceparent).toBe(traceparent)
  // The end of the plugin sends whatever there is.
  await run.host.stop()
  await plugin.stop()
  expect(spans.items).toEqual([])
})

test('so many spans go together at once, fewer when the first has waited, or the plugin ends', async () => {
  const run = await runQueuePlugin()
  const { spans, metadata } = await holder(run)
  const send = (count: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: count }, () =>
        run.enqueue('default', 'nobody', 1, { traceparent: SAMPLED, delay_ms: 60_000 }),
      ),
    )
  await send(SPAN_BATCH.spans)
  await spans.take(SPAN_BATCH.spans)
  expect(metadata.items).toHaveLength(1)
  await send(2)
  await within(5_000, 'the others', spans.take(SPAN_BATCH.spans + 2))
  expect(metadata.items).toHaveLength(2)
  await send(1)
  await run.host.stop()
  await spans.take(SPAN_BATCH.spans + 3)
})
