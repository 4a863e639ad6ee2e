// What would be larger than a peer can take: it would close its connection, and lose with it its functions and what it waits for.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { RawClient } from '../../support/raw-client.ts'
import { startCore, type TestCore } from '../../support/test-core.ts'

const MiB = 1024 * 1024
const SMALL = 20_000

/** The first listener takes what is usual, the second one small frames. */
async function scene(): Promise<TestCore> {
  return startCore({ listeners: [{}, { max_frame_bytes: SMALL }] })
}

async function announced(core: TestCore, runtime: string, version: string | undefined): Promise<RawClient> {
  const client = await core.connect({ name: null })
  await client.call('engine::workers::register', { runtime, version, name: `${runtime}-worker` })
  return client
}

/** Bytes of the last frame that came; the client's frames are as the engine writes them. */
function sizeOf(frame: object | undefined): number {
  return Buffer.byteLength(JSON.stringify(frame))
}

const TOO_LARGE = { code: 'result_too_large', message: expect.stringMatching(/bytes.*channel/) as string }

test.each([
  ['a UUID as its id', () => randomUUID(), {}],
  ['another id', () => 'my-id-ü', {}],
  ['trace context', () => randomUUID(), { traceparent: '00-1-2-01', baggage: 'a=ü' }],
])('An answer to a call with %s may be as large as a frame, and not a byte larger', async (_what, newId, more) => {
  const core = await scene()
  const worker = await core.connect({ name: 'worker' })
  await worker.provided('w::give', ({ length }: { length: number }) => 'x'.repeat(length))
  const caller = await core.connect({ listener: 1 })
  const ask = async (length: number) => {
    const id = newId()
    caller.send({ type: 'invokefunction', invocation_id: id, function_id: 'w::give', data: { length }, ...more })
    const frame = await caller.find(
      (one) => one['invocation_id'] === id && !seen.has(one),
      `the answer with ${length} bytes`,
    )
    seen.add(frame)
    return frame
  }
  const seen = new Set<object>()
  const rest = sizeOf(await ask(0))
  const largest = await ask(SMALL - rest)
  expect(sizeOf(largest)).toBe(SMALL)
  expect(largest['result']).toHaveLength(SMALL - rest)
  expect((await ask(SMALL - rest + 1))['error']).toEqual({
    code: 'result_too_large',
    message: expect.stringContaining(
      `would make a frame of 20,001 bytes, and the caller takes at most 20,000 (max_frame_bytes of its listener)`,
    ) as string,
  })
  expect((await ask(1))['result']).toBe('x')
})

test.each([
  ['python', '0.11.6', MiB],
  ['python', '0.23.0', MiB],
  ['python', undefined, MiB],
  ['rust', '0.22.1', 16 * MiB],
])('A %s %s worker gets no answer above what its library takes', async (runtime, version, bytes) => {
  const core = await scene()
  const worker = await core.connect({ name: 'worker' })
  await worker.provided('w::give', ({ length }: { length: number }) => 'x'.repeat(length))
  const caller = await announced(core, runtime, version)
  expect((await caller.call('w::give', { length: bytes - 1_000 })).result).toHaveLength(bytes - 1_000)
  const { error } = await caller.call('w::give', { length: bytes })
  expect(error).toEqual(TOO_LARGE)
  expect(error?.message).toContain(version === undefined ? `(${runtime})` : `(${runtime} ${version})`)
  expect((await caller.call('w::give', { length: 1 })).result).toBe('x')
})

test.each([
  ['python', '0.24.0'],
  ['python', '0.25.0'],
  ['node', '0.22.1'],
  ['go', '0.22.1'],
  ['browser', undefined],
])('A %s %s worker gets answers of some megabytes', async (runtime, version) => {
  const core = await scene()
  const worker = await core.connect({ name: 'worker' })
  await worker.provided('w::give', ({ length }: { length: number }) => 'x'.repeat(length))
  const caller = await announced(core, runtime, version)
  expect((await caller.call('w::give', { length: 3 * MiB })).result).toHaveLength(3 * MiB)
})

test('A large error of a worker, and a large answer of the engine itself, are too large as well', async () => {
  const core = await scene()
  const worker = await core.connect({ name: 'worker' })
  await worker.provided('w::fail', () => {
    throw new Error('y'.repeat(SMALL))
  })
  for (let index = 0; index < 100; index++)
    worker.provide(`w::many-${index}`, undefined, { description: 'd'.repeat(300) })
  await worker.settled()
  const caller = await core.connect({ listener: 1 })
  expect((await caller.call('w::fail')).error).toEqual(TOO_LARGE)
  expect((await caller.call('engine::functions::list')).error).toEqual(TOO_LARGE)
  expect((await caller.call('engine::functions::list', { prefix: 'w::fail' })).error).toBeUndefined()
})

test.each([
  ['nothing beside it', {}],
  ['metadata', { metadata: { m: 'ü'.repeat(100) } }],
  ['trace context', { traceparent: '00-1-2-01', baggage: 'a="\\"' }],
  ['a payload that is no object', {}],
])(
  'A call with %s may be as large as a frame without what the engine adds to it, and not a byte larger',
  async (what, more) => {
    const core = await scene()
    const worker = await core.connect({ listener: 1, name: 'small' })
    await worker.provided('s::take', () => 'taken')
    const caller = await core.connect({ name: 'caller' })
    const payload = (length: number): unknown =>
      what === 'a payload that is no object' ? 'x'.repeat(length) : { text: 'x'.repeat(length) }
    const call = (length: number) => caller.call('s::take', payload(length), more)
    await call(0)
    const [first] = worker.calls('s::take')
    const named = (first!['data'] as Record<string, unknown>)['_caller_worker_id']
    const added = randomUUID().length + (named === undefined ? 0 : `,"_caller_worker_id":"${String(named)}"`.length)
    const rest = sizeOf(first) - added
    expect((await call(SMALL - rest)).result).toBe('taken')
    expect(sizeOf(worker.calls('s::take')[1])).toBe(SMALL + added)
    expect((await call(SMALL - rest + 1)).error).toEqual({
      code: 'payload_too_large',
      message: expect.stringContaining('20,001 bytes, and its worker takes at most 20,000') as string,
    })
    expect((await call(0)).result).toBe('taken')
    expect(worker.calls('s::take')).toHaveLength(3)
  },
)

test('A call goes to the provider that can take it', async () => {
  const core = await scene()
  const small = await core.connect({ listener: 1, name: 'small' })
  const python = await announced(core, 'python', '0.22.1')
  const large = await core.connect({ name: 'large' })
  for (const worker of [small, python, large]) await worker.provided('r::take', (_data, frame) => sizeOf(frame))
  const caller = await core.connect({ name: 'caller' })
  const take = async (length: number): Promise<void> => {
    for (let round = 0; round < 6; round++) {
      expect((await caller.call('r::take', 'x'.repeat(length))).result).toBeGreaterThan(length)
    }
  }
  await take(10)
  await take(SMALL)
  await take(2 * MiB)
  expect(small.calls('r::take').every((frame) => sizeOf(frame) <= SMALL + randomUUID().length)).toBe(true)
  expect(python.calls('r::take').every((frame) => sizeOf(frame) <= MiB)).toBe(true)
  expect(large.calls('r::take').filter((frame) => sizeOf(frame) > MiB)).toHaveLength(6)
  for (const worker of [small, python]) expect(worker.calls('r::take').length).toBeGreaterThan(1)
})

test('A binding that its provider can not take in one frame is refused, and the provider stays', async () => {
  const core = await scene()
  const provider = await core.connect({ listener: 1, name: 'provider' })
  provider.send({ type: 'registertriggertype', id: 'mine', description: '' })
  await provider.settled()
  const binder = await core.connect({ name: 'binder' })
  const bind = (id: string, config: unknown): void =>
    binder.send({ type: 'registertrigger', id, trigger_type: 'mine', function_id: 'f', config })
  bind('large', { text: 'x'.repeat(SMALL) })
  bind('small', {})
  expect(await binder.next('triggerregistrationresult')).toMatchObject({
    id: 'large',
    error: { code: 'payload_too_large', message: expect.stringContaining("provider of 'mine'") as string },
  })
  await provider.next('registertrigger')
  expect(provider.of('registertrigger').map(({ config }) => config)).toEqual([{}])
})

test('An error that its binder can not take in one frame is shortened', async () => {
  const core = await scene()
  const provider = await core.connect({ name: 'provider' })
  provider.send({ type: 'registertriggertype', id: 'mine', description: '' })
  await provider.settled()
  const binder = await core.connect({ listener: 1, name: 'binder' })
  binder.send({ type: 'registertrigger', id: 't', trigger_type: 'mine', function_id: 'f', config: {} })
  const { id } = await provider.next('registertrigger')
  const error = { code: 'BAD', message: 'z'.repeat(SMALL) }
  provider.send({ type: 'triggerregistrationresult', id, trigger_type: 'mine', function_id: 'f', error })
  const told = await binder.next('triggerregistrationresult')
  expect(told).toMatchObject({
    id: 't',
    error: { code: 'BAD', message: expect.stringMatching(/^z{10000}$/) as string },
  })
})
