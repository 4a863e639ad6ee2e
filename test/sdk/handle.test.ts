// The `iii` handle over a recorded transport: functions, calls, trigger types (spec 08 §3–§6, §10).
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { CodedError } from '../../protocol/errors.ts'
import { currentCallContext } from '../../sdk/async-call-contexts.ts'
import { ChannelReader } from '../../sdk/channel-reader.ts'
import { InvocationError } from '../../sdk/errors.ts'
import { Handle } from '../../sdk/handle.ts'
import { RawJson } from '../../sdk/raw-json.ts'
import { within } from '../support/deadline.ts'
import { RecordingTransport } from './recording-transport.ts'

let transport: RecordingTransport
let iii: Handle
let problems: string[]

beforeEach(() => {
  transport = new RecordingTransport()
  problems = []
  iii = new Handle(transport, { onProblem: (problem) => problems.push(problem) })
})

/** Has the handle run the function that was registered first. */
function run(payload: string | undefined = 'null', sidecar?: string, callId = 1): void {
  transport.receiver.onCall(callId, 0, undefined, payload, sidecar)
}

function broken(): never {
  throw new Error('broken')
}

describe('registerFunction', () => {
  it('announces the function with its options and a number', () => {
    const ref = iii.registerFunction('a::b', () => 1, { description: 'does', metadata: { x: 1 } })
    expect(ref.id).toBe('a::b')
    expect(transport.controls.items).toEqual([
      { type: 'registerfunction', id: 'a::b', description: 'does', metadata: { x: 1 }, functionIndex: 0 },
    ])
  })

  it('takes an object with the id as first argument', () => {
    iii.registerFunction({ id: 'a', description: 'old style' }, () => 1)
    expect(transport.controls.items[0]).toMatchObject({ id: 'a', description: 'old style' })
  })

  it('announces a function that is invoked over HTTP, and does not run it', () => {
    iii.registerFunction('h', { url: 'http://localhost/x' })
    expect(transport.controls.items[0]).toMatchObject({ invocation: { url: 'http://localhost/x', method: 'POST' } })
    run()
    expect(transport.answers.items[0]?.error).toMatchObject({ code: 'function_not_invokable' })
  })

  it('refuses a blank id and one that is registered already', () => {
    iii.registerFunction('a', () => 1)
    expect(() => iii.registerFunction(' ', () => 1)).toThrow('id is required')
    expect(() => iii.registerFunction('a', () => 1)).toThrow('function id already registered: a')
  })

  it('forgets the function on unregister, once, and never gives its number to another', () => {
    const ref = iii.registerFunction('a', () => 1)
    ref.unregister()
    ref.unregister()
    iii.registerFunction('a', () => 2)
    run()
    expect(transport.controls.items.map((message) => [message.type, message.functionIndex])).toEqual([
      ['registerfunction', 0],
      ['unregisterfunction', undefined],
      ['registerfunction', 1],
    ])
    expect(transport.answers.items[0]?.error).toEqual({ code: 'function_not_found', message: 'Function not found' })
  })
})

describe('a handler', () => {
  it('that is synchronous answers before the next frame is read', () => {
    iii.registerFunction('f', (data) => ({ got: data }))
    run('{"a":[1]}')
    expect(transport.answers.items).toEqual([{ callId: 1, result: '{"got":{"a":[1]}}' }])
  })

  it('that is raw gets the payload as the text that it is, and tells nobody', () => {
    const seen: unknown[] = []
    iii.registerFunction('f', (json, metadata) => void seen.push(json, metadata), { raw: true })
    const exact = '{ "big":9007199254740993, "ref":{"channel_id":"c","access_key":"k","direction":"read"} }'
    run(exact, '{"metadata":{"m":1}}')
    expect(seen).toEqual([exact, { m: 1 }])
    expect(transport.controls.items).toEqual([{ type: 'registerfunction', id: 'f', functionIndex: 0 }])
  })

  it.each(['null', undefined])('that is raw gets the text null for the payload %s', (payload) => {
    iii.registerFunction('f', (json) => ({ json }), { raw: true })
    transport.receiver.onCall(1, 0, undefined, payload, undefined)
    expect(transport.answers.items).toEqual([{ callId: 1, result: '{"json":"null"}' }])
  })

  it('that is raw passes the payload on without anything having read it', () => {
    iii.registerFunction('f', (json: string) => new RawJson(`[${json}]`), { raw: true })
    run('1.00')
    expect(transport.answers.items).toEqual([{ callId: 1, result: '[1.00]' }])
  })

  it('is found by its id as well', () => {
    iii.registerFunction('f', () => 1)
    transport.receiver.onCall(1, 0, 'f', 'null', undefined)
    expect(transport.answers.items[0]?.result).toBe('1')
  })

  it.each([
    ['undefined as no value', undefined, undefined],
    ['null as null', null, 'null'],
    ['raw JSON as it is', new RawJson('{"n":1.0}'), '{"n":1.0}'],
    ['NaN as null', { n: NaN }, '{"n":null}'],
  ])('gives %s', (_name, value, json) => {
    iii.registerFunction('f', () => value)
    run()
    expect(transport.answers.items).toEqual([{ callId: 1, result: json }])
  })

  it.each([
    [
      'a cycle',
      () => {
        const value: Record<string, unknown> = {}
        value['self'] = value
        return value
      },
    ],
    ['a bigint', () => 1n],
    [
      'what throws something that is no text while it is made JSON',
      () => ({
        toJSON() {
          throw Object.create(null)
        },
      }),
    ],
    [
      'a cycle, later',
      async () => {
        const value: unknown[] = []
        value.push(value)
        return value
      },
    ],
  ])('that returns %s gives serialization_error', async (_name, handler) => {
    iii.registerFunction('f', handler)
    run()
    const [answer] = await transport.answers.take(1)
    expect(answer?.error).toMatchObject({
      code: 'serialization_error',
      message: expect.stringContaining('f') as string,
    })
    expect(iii.callsInFlight).toBe(0)
  })

  it.each([
    ['can not be read', () => Object.defineProperty({}, 'then', { get: broken })],
    ['throws', () => Object.defineProperty({}, 'then', { value: broken })],
    ['belongs to a promise behind a proxy', () => new Proxy(Promise.resolve(1), {})],
  ])('gives invocation_failed for a result whose `then` %s', async (_name, handler) => {
    iii.registerFunction('f', handler)
    run()
    const [answer] = await transport.answers.take(1)
    expect(answer?.error).toMatchObject({ code: 'invocation_failed' })
    expect(iii.callsInFlight).toBe(0)
  })

  it('keeps the code of a CodedError, and gives others invocation_failed with their stack', async () => {
    iii.registerFunction('f', async (kind) => {
      if (kind === 'coded') throw new CodedError('NOT_FOUND', 'no such thing')
      throw new TypeError('broken')
    })
    run('"coded"')
    run('"plain"', undefined, 2)
    const [coded, plain] = await transport.answers.take(2)
    expect(coded?.error).toEqual({ code: 'NOT_FOUND', message: 'no such thing' })
    expect(plain?.error).toMatchObject({
      code: 'invocation_failed',
      message: 'broken',
      stacktrace: expect.stringContaining('TypeError') as string,
    })
  })

  it('answers even when what it throws cannot be shown', async () => {
    const unreadable = {
      toJSON() {
        throw new Error('no')
      },
    }
    iii.registerFunction('f', () => Promise.reject(unreadable))
    run()
    const [answer] = await transport.answers.take(1)
    expect(answer?.error).toMatchObject({ code: 'invocation_failed' })
  })

  it('gets the metadata of its call, and its calls carry the trace context on', async () => {
    iii.registerFunction('f', async (_data, metadata) => {
      await Promise.resolve()
      void iii.trigger({ function_id: 'next', action: { type: 'void' } })
      return { metadata, context: currentCallContext() }
    })
    run('null', '{"metadata":{"k":1},"traceparent":"00-a","baggage":"b=c"}')
    const [answer] = await transport.answers.take(1)
    expect(JSON.parse(answer?.result ?? '')).toEqual({
      metadata: { k: 1 },
      context: { traceparent: '00-a', baggage: 'b=c' },
    })
    expect(transport.calls.items[0]?.sidecar).toMatchObject({ traceparent: '00-a', baggage: 'b=c' })
    expect(currentCallContext()).toBeUndefined()
  })

  it('gets live ends in the place of channel refs, at any depth', () => {
    let seen: unknown
    iii.registerFunction('f', (data) => void (seen = data))
    const ref = { channel_id: 'c', access_key: 'k', direction: 'read' }
    run(JSON.stringify({ list: [{ ref }], other: { channel_id: 'c' } }))
    const { list, other } = seen as { list: [{ ref: unknown }]; other: unknown }
    expect(list[0].ref).toBeInstanceOf(ChannelReader)
    expect(other).toEqual({ channel_id: 'c' })
  })

  it('runs beside others, and they start in the order of arrival', async () => {
    const started: unknown[] = []
    const releases: (() => void)[] = []
    iii.registerFunction('f', (data) => {
      started.push(data)
      return new Promise<unknown>((resolve) => releases.push(() => resolve(data)))
    })
    for (let call = 1; call <= 3; call++) run(String(call), undefined, call)
    expect(started).toEqual([1, 2, 3])
    expect(iii.callsInFlight).toBe(3)
    for (const release of releases.reverse()) release()
    expect((await transport.answers.take(3)).map(({ callId }) => callId)).toEqual([3, 2, 1])
  })
})

describe('trigger', () => {
  it('resolves with the result, and with undefined for no value', async () => {
    const first = iii.trigger({ function_id: 'f', payload: { a: 1 } })
    const second = iii.trigger({ function_id: 'f' })
    const [a, b] = transport.calls.items
    expect(a).toMatchObject({ functionId: 'f', payload: '{"a":1}', sidecar: undefined })
    expect(b?.payload).toBeUndefined()
    transport.receiver.onResult(b!.callId!, undefined)
    transport.receiver.onResult(a!.callId!, '{"ok":true}')
    expect(await first).toEqual({ ok: true })
    expect(await second).toBeUndefined()
  })

  it('rejects with the code of the error and the id that was called', async () => {
    const call = iii.trigger({ function_id: 'f' })
    transport.receiver.onError(
      transport.calls.items[0]!.callId!,
      '{"code":"NOT_FOUND","message":"gone","stacktrace":"at x"}',
      true,
    )
    const error = await call.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(InvocationError)
    expect(error).toMatchObject({ code: 'NOT_FOUND', message: 'NOT_FOUND: gone', function_id: 'f', stacktrace: 'at x' })
    expect((error as InvocationError).isUndelivered).toBe(true)
  })

  it('resolves void calls at once and gives them no call id', async () => {
    expect(await iii.trigger({ function_id: 'f', payload: 1, action: { type: 'void' } })).toBeUndefined()
    expect(transport.calls.items).toEqual([{ callId: undefined, functionId: 'f', payload: '1', sidecar: undefined }])
    expect(iii.pendingCalls).toBe(0)
  })

  it('sends enqueue, metadata, namespace and binding beside the payload', () => {
    const action = { type: 'enqueue', queue: 'q', groupId: 'g' } as const
    const call = {
      function_id: 'f',
      payload: new RawJson('[1]'),
      action,
      metadata: { m: 1 },
      namespace: 'n',
      binding: 'b',
    }
    // Nobody answers it.
    iii.trigger(call).catch(() => {})
    expect(transport.calls.items[0]).toMatchObject({
      payload: '[1]',
      sidecar: { action, metadata: { m: 1 }, namespace: 'n', binding: 'b' },
    })
  })

  it.each([
    [{ function_id: '' }, 'function_id is required'],
    [{ function_id: 'f', namespace: ' ' }, 'namespace'],
    [{ function_id: 'f', payload: 1n }, 'BigInt'],
    [{ function_id: 'f', timeoutMs: NaN }, 'timeoutMs'],
  ])('rejects %o', async (request, reason) => {
    await expect(iii.trigger(request)).rejects.toThrow(reason)
    expect(transport.calls.items).toEqual([])
  })

  it('gives up after timeoutMs with TIMEOUT and ignores the late answer', async () => {
    const call = iii.trigger({ function_id: 'f', timeoutMs: 5 })
    await expect(within(5_000, 'time-out', call)).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: 'TIMEOUT: invocation timed out after 5ms',
      function_id: 'f',
    })
    transport.receiver.onResult(transport.calls.items[0]!.callId!, '1')
    expect(iii.pendingCalls).toBe(0)
  })

  it('gives up after 30 s by default, each call at its own time', async () => {
    vi.useFakeTimers()
    try {
      const outcomes: string[] = []
      const call = (name: string) =>
        iii.trigger({ function_id: name }).catch((error: InvocationError) => outcomes.push(`${name} ${error.code}`))
      void call('first')
      await vi.advanceTimersByTimeAsync(10_000)
      void call('second')
      await vi.advanceTimersByTimeAsync(20_000)
      expect(outcomes).toEqual(['first TIMEOUT'])
      await vi.advanceTimersByTimeAsync(9_000)
      expect(outcomes).toEqual(['first TIMEOUT'])
      await vi.advanceTimersByTimeAsync(1_000)
      expect(outcomes).toEqual(['first TIMEOUT', 'second TIMEOUT'])
      void call('third')
      await vi.advanceTimersByTimeAsync(30_000)
      expect(outcomes).toHaveLength(3)
    } finally {
      vi.useRealTimers()
    }
  })

  it('is refused while too much waits to be sent; void calls are dropped and counted', async () => {
    transport.congested = true
    await expect(iii.trigger({ function_id: 'f' })).rejects.toMatchObject({ code: 'overloaded' })
    await iii.trigger({ function_id: 'f', action: { type: 'void' } })
    expect(iii.droppedVoidCalls).toBe(1)
    expect(problems).toHaveLength(1)
    expect(transport.calls.items).toEqual([])
  })

  it('rejects what is pending when the connection closes, and what comes after', async () => {
    const pending = iii.trigger({ function_id: 'f' })
    iii.close()
    await expect(pending).rejects.toMatchObject({ code: 'invocation_stopped' })
    await expect(iii.trigger({ function_id: 'f' })).rejects.toMatchObject({ code: 'invocation_stopped' })
  })
})

describe('idle', () => {
  it('resolves when no handler runs and no call is pending', async () => {
    let idle = false
    let finish: (() => void) | undefined
    iii.registerFunction('f', () => new Promise<void>((resolve) => (finish = resolve)))
    run()
    void iii.trigger({ function_id: 'g' })
    const done = iii.idle().then(() => (idle = true))
    finish?.()
    await transport.answers.take(1)
    expect(idle).toBe(false)
    transport.receiver.onResult(transport.calls.items[0]!.callId!, undefined)
    await within(5_000, 'idle', done)
  })

  it('resolves at once when nothing is under way', async () => {
    await within(5_000, 'idle', iii.idle())
  })
})

describe('trigger types', () => {
  const binding = {
    type: 'registertrigger',
    id: 't1',
    trigger_type: 'tick',
    function_id: 'f',
    config: { ms: 1 },
  } as const

  it('bring bindings to their handler and answer that they were accepted', async () => {
    const seen: unknown[] = []
    iii.registerTriggerType(
      { id: 'tick' },
      {
        async registerTrigger(each) {
          seen.push(each)
        },
        unregisterTrigger: ({ id }) => void seen.push(id),
      },
    )
    expect(transport.controls.items[0]).toEqual({ type: 'registertriggertype', id: 'tick', description: '' })
    transport.receiver.onControl({ ...binding, metadata: { m: 1 } })
    transport.receiver.onControl({ type: 'unregistertrigger', id: 't1', trigger_type: 'tick' })
    const [, answer] = await transport.controls.take(2)
    expect(answer).toEqual({ type: 'triggerregistrationresult', id: 't1', trigger_type: 'tick', function_id: 'f' })
    await within(5_000, 'idle', iii.idle())
    expect(seen).toEqual([{ id: 't1', function_id: 'f', config: { ms: 1 }, metadata: { m: 1 } }, 't1'])
  })

  it('tell whether a binding was removed by somebody, has lost its owner, or went to another provider', async () => {
    const seen: unknown[] = []
    iii.registerTriggerType(
      { id: 'tick' },
      { registerTrigger() {}, unregisterTrigger: (dropped) => void seen.push(dropped) },
    )
    const message = { type: 'unregistertrigger', id: 't1', trigger_type: 'tick' } as const
    transport.receiver.onControl({ ...message, deliberate: true })
    transport.receiver.onControl(message)
    transport.receiver.onControl({ ...message, moved: true })
    expect(seen).toEqual([
      { id: 't1', deliberate: true, moved: false },
      { id: 't1', deliberate: false, moved: false },
      { id: 't1', deliberate: false, moved: true },
    ])
  })

  it('bring what happens to one binding in order, even while the handler takes its time', async () => {
    const seen: string[] = []
    let accept: (() => void) | undefined
    iii.registerTriggerType(
      { id: 'tick' },
      {
        registerTrigger: () =>
          new Promise<void>((resolve) => {
            accept = () => {
              seen.push('bound')
              resolve()
            }
          }),
        unregisterTrigger: () => void seen.push('dropped'),
      },
    )
    transport.receiver.onControl(binding)
    transport.receiver.onControl({ type: 'unregistertrigger', id: 't1', trigger_type: 'tick' })
    expect(seen).toEqual([])
    accept?.()
    await within(5_000, 'idle', iii.idle())
    expect(seen).toEqual(['bound', 'dropped'])
  })

  it('take whatever a handler that is not asynchronous returns', () => {
    const bindings = new Map<string, unknown>()
    iii.registerTriggerType(
      { id: 'tick' },
      {
        registerTrigger: (each) => bindings.set(each.id, each) as unknown as undefined,
        unregisterTrigger: ({ id }) => bindings.delete(id) as unknown as undefined,
      },
    )
    transport.receiver.onControl(binding)
    expect(transport.controls.items[1]).not.toHaveProperty('error')
    transport.receiver.onControl({ type: 'unregistertrigger', id: 't1', trigger_type: 'tick' })
    expect(bindings.size).toBe(0)
    expect(problems).toEqual([])
  })

  it('answer a refused binding and one to a type that they do not have', () => {
    iii.registerTriggerType(
      { id: 'tick' },
      {
        registerTrigger() {
          throw new Error('bad ms')
        },
        unregisterTrigger() {},
      },
    )
    transport.receiver.onControl(binding)
    transport.receiver.onControl({ ...binding, trigger_type: 'other' })
    expect(transport.controls.items.slice(1)).toMatchObject([
      { error: { code: 'trigger_registration_failed', message: 'bad ms' } },
      { error: { code: 'trigger_type_not_found' } },
    ])
  })

  it('are not asked about a config with members that their closed schema does not name', () => {
    const asked: unknown[] = []
    const handler = {
      registerTrigger: ({ config }: { config: unknown }) => void asked.push(config),
      unregisterTrigger() {},
    }
    const properties = { every: { type: 'integer' } }
    const trigger_request_format = { type: 'object', properties, additionalProperties: false }
    iii.registerTriggerType({ id: 'tick', trigger_request_format }, handler)
    iii.registerTriggerType({ id: 'open', trigger_request_format: { properties } }, handler)
    transport.receiver.onControl({ ...binding, config: { evry: 1 } })
    transport.receiver.onControl({ ...binding, config: { every: 2 } })
    transport.receiver.onControl({ ...binding, trigger_type: 'open', config: { evry: 3 } })
    expect(asked).toEqual([{ every: 2 }, { evry: 3 }])
    expect(transport.controls.items[2]).toMatchObject({
      type: 'triggerregistrationresult',
      error: {
        code: 'trigger_registration_failed',
        message: "config: unknown key 'evry'. Did you mean 'every'? Known keys: every.",
      },
    })
  })

  it('give a ref that binds, registers and unregisters', () => {
    const ref = iii.registerTriggerType(
      { id: 'tick', description: 'd' },
      { registerTrigger() {}, unregisterTrigger() {} },
    )
    const trigger = ref.registerTrigger('f', { ms: 2 }, { m: 1 })
    ref.registerFunction('g', () => 1, { ms: 3 })
    trigger.unregister()
    ref.unregister()
    expect(transport.controls.items.slice(1)).toMatchObject([
      {
        type: 'registertrigger',
        id: trigger.id,
        trigger_type: 'tick',
        function_id: 'f',
        config: { ms: 2 },
        metadata: { m: 1 },
      },
      { type: 'registerfunction', id: 'g' },
      { type: 'registertrigger', function_id: 'g', config: { ms: 3 } },
      { type: 'unregistertrigger', id: trigger.id, trigger_type: 'tick' },
      { type: 'unregistertriggertype', id: 'tick' },
    ])
  })
})

it('binds under the id that is said, else under one of its own', () => {
  const named = iii.registerTrigger({ type: 'tick', id: 't1', function_id: 'f' })
  const other = iii.registerTrigger({ type: 'tick', function_id: 'f' })
  expect(named.id).toBe('t1')
  expect(other.id).toMatch(/^[0-9a-f-]{36}$/)
  named.unregister()
  expect(transport.controls.items).toMatchObject([
    { type: 'registertrigger', id: 't1' },
    { type: 'registertrigger', id: other.id },
    { type: 'unregistertrigger', id: 't1', trigger_type: 'tick' },
  ])
})

it('reports a refused binding and a rejected registration', () => {
  transport.receiver.onControl({
    type: 'triggerregistrationresult',
    id: 't',
    trigger_type: 'tick',
    function_id: 'f',
    error: { code: 'x', message: 'bad' },
  })
  transport.receiver.onControl({
    type: 'registrationrejected',
    code: 'FUNCTION_NAMESPACE_CONFLICT',
    namespace: 'default',
    owner_worker_id: 'w',
    function_id: 'f',
  })
  expect(problems).toEqual([
    'Trigger registration failed for "t" (tick to f): bad',
    expect.stringContaining('FUNCTION_NAMESPACE_CONFLICT'),
  ])
})

it('works destructured', () => {
  const { registerFunction, trigger } = iii
  registerFunction('f', () => 1)
  void trigger({ function_id: 'f', action: { type: 'void' } })
  expect(transport.calls.items).toHaveLength(1)
})

it('lists what the engine has', async () => {
  const lists = [
    iii.listFunctions(),
    iii.listWorkers(),
    iii.listTriggers(),
    iii.listTriggerTypes({ include_internal: true }),
  ]
  const members = ['functions', 'workers', 'registered_triggers', 'triggers']
  transport.calls.items.forEach(({ callId }, number) =>
    transport.receiver.onResult(callId!, JSON.stringify({ [members[number]!]: [number] })),
  )
  expect(await Promise.all(lists)).toEqual([[0], [1], [2], [3]])
  expect(transport.calls.items[3]).toMatchObject({
    functionId: 'engine::triggers::list',
    payload: '{"include_internal":true}',
  })
})
