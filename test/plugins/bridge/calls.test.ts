// Calls over a bridge between two engines (spec 06 C.2–C.4).
import { describe, expect, test, vi } from 'vitest'
import { RawClient } from '../../support/raw-client.ts'
import { bridged, untilProvided } from './bridged.ts'

class Boom extends Error {
  readonly code = 'BOOM'
}

describe('a forwarded function', () => {
  const FORWARD = { forward: [{ local_function: 'remote::add', remote_function: 'math::add' }] }

  test('answers with the value of the function of the other engine', async () => {
    const { near, far } = await bridged(FORWARD)
    await far.provided('math::add', ({ a, b }: { a: number; b: number }) => a + b)
    expect((await near.call('remote::add', { a: 1, b: 2 })).result).toBe(3)
  })

  test('fails with bridge_error, in whose message stand code and message of the error there', async () => {
    const { near, far } = await bridged(FORWARD)
    await far.provided('math::add', () => {
      throw new Error('no numbers')
    })
    expect((await near.call('remote::add', {})).error).toEqual({
      code: 'bridge_error',
      message: 'remote error (invocation_failed): no numbers',
    })
  })

  test('fails with bridge_error where the other engine has no such function', async () => {
    const { near } = await bridged(FORWARD)
    expect((await near.call('remote::add', {})).error).toEqual({
      code: 'bridge_error',
      message: 'remote error (function_not_found): Function math::add not found',
    })
  })

  test.each([
    ['null', 'null'],
    ['a text', '"ü \\u0000 \\" x"'],
    ['a number that this language would round', '9007199254740993.10'],
    ['an array', '[1,[2,{}],"x"]'],
    ['an object with members in their order', '{"b":1,"a":{"b":[]},"1":0}'],
  ])('gives %s to and fro as it was written', async (_what, json) => {
    const { near, far } = await bridged(FORWARD)
    far.provide('math::add')
    await far.settled()
    const id = '6a1c9f0e-1111-4c63-9d58-0f8a4e5a3a11'
    const sent: string[] = []
    far.socket.on('message', (frame: Buffer) => sent.push(frame.toString()))
    const answers: string[] = []
    near.socket.on('message', (frame: Buffer) => answers.push(frame.toString()))
    near.send(`{"type":"invokefunction","invocation_id":"${id}","function_id":"remote::add","data":${json}}`)
    await far.until(() => far.calls('math::add').length === 1, 'the call')
    const call = far.calls('math::add')[0]!
    const payload = /"data":(.*?)(,?"_caller_worker_id":"[^"]*"\}?)?\}$/.exec(
      sent.find((frame) => frame.includes('math::add'))!,
    )!
    expect(payload[1]).toBe(payload[2] === undefined ? json : json.slice(0, -1))
    far.send(
      `{"type":"invocationresult","invocation_id":"${String(call['invocation_id'])}","function_id":"math::add","result":${json}}`,
    )
    await near.outcome(id)
    // A worker's null is no value to any caller.
    const answer = answers.find((frame) => frame.includes(id))!
    if (json === 'null') expect(answer).not.toContain('"result"')
    else expect(answer).toContain(`"result":${json}}`)
  })

  test('that gives no value gives none', async () => {
    const { near, far } = await bridged(FORWARD)
    await far.provided('math::add', () => undefined)
    expect(await near.call('remote::add', {})).not.toHaveProperty('result')
  })

  test('gets one _caller_worker_id, which is that of the bridge, whatever stood there before', async () => {
    const { near, far } = await bridged(FORWARD)
    far.provide('math::add', (data) => data)
    await far.settled()
    const frames: string[] = []
    far.socket.on('message', (frame: Buffer) => frames.push(frame.toString()))
    // Its name comes after the connection.
    const bridge = await vi.waitUntil(async () => {
      const { result } = await far.call('engine::workers::list', {})
      const { workers } = result as { workers: { id: string; name: string }[] }
      return workers.find(({ name }) => name === 'iii-bridge-client')
    }, 10_000)
    const payloads = [
      '{}',
      '{"a":1}',
      '{"_caller_worker_id":"forged","a":1}',
      '{"a":1,"_caller_worker_id":"6a1c9f0e-1111-4c63-9d58-0f8a4e5a3a11"}',
      '{"a":1,"\\u005fcaller_worker_id":"forged"}',
    ]
    for (const [at, payload] of payloads.entries()) {
      near.send(
        `{"type":"invokefunction","invocation_id":"6a1c9f0e-1111-4c63-9d58-00000000000${at}","function_id":"remote::add","data":${payload}}`,
      )
      await far.until(() => far.calls('math::add').length === at + 1, 'the call')
      expect(far.calls('math::add').at(-1)!['data']).toEqual({
        ...(payload === '{}' ? {} : { a: 1 }),
        _caller_worker_id: bridge.id,
      })
      expect(frames.at(-1)!.match(/caller_worker_id/g)).toHaveLength(1)
    }
  })

  test('is called without anybody waiting, by a trigger and by a queue as by a plain call', async () => {
    const { near, far } = await bridged(FORWARD)
    await far.provided('math::add', () => 1)
    near.send({ type: 'invokefunction', function_id: 'remote::add', data: { n: 1 }, action: { type: 'void' } })
    await far.until(() => far.calls('math::add').length === 1, 'the void call')
    near.send({
      type: 'registertrigger',
      id: 'binding',
      trigger_type: 'engine::workers-available',
      function_id: 'remote::add',
      config: {},
    })
    await near.settled()
    const other = await RawClient.connect(near.socket.url, { name: 'newcomer' })
    await other.settled()
    await far.until(() => far.calls('math::add').length >= 2, 'the call of the trigger')
  })

  test('is found by its id, with a description that names the function there', async () => {
    const { near } = await bridged(FORWARD)
    expect((await near.call('engine::functions::info', { function_id: 'remote::add' })).result).toMatchObject({
      worker_name: 'iii-bridge',
      description: expect.stringContaining('math::add') as string,
    })
  })

  test('has its own time limit', async () => {
    const { near, far } = await bridged({
      forward: [{ local_function: 'remote::slow', remote_function: 'slow', timeout_ms: 100 }],
    })
    await far.provided('slow')
    const since = performance.now()
    const { error } = await near.call('remote::slow', {})
    expect(error).toMatchObject({
      code: 'bridge_error',
      message: expect.stringMatching(/^invocation timed out/) as string,
    })
    expect(performance.now() - since).toBeGreaterThan(90)
  })

  test('is looked for in the namespace that the entry names, else in the default one', async () => {
    const { near, there } = await bridged({
      namespace: 'edge',
      forward: [
        { local_function: 'plain', remote_function: 'where' },
        { local_function: 'shop', remote_function: 'where', namespace: 'shop' },
      ],
    })
    for (const namespace of ['default', 'edge', 'shop']) {
      const worker = await RawClient.connect(there.url, { name: namespace, namespace })
      await worker.provided('where', () => namespace)
    }
    expect((await near.call('plain', {})).result).toBe('default')
    expect((await near.call('shop', {})).result).toBe('shop')
  })

  test('takes an id from a worker that has it', async () => {
    const { near, far } = await bridged(FORWARD)
    await far.provided('math::add', () => 'there')
    await near.provided('remote::add', () => 'here')
    expect((await near.call('remote::add', {})).result).toBe('there')
  })
})

describe('an exposed function', () => {
  test('is called by the other engine under its id there, and runs here', async () => {
    const { near, far } = await bridged({ expose: [{ local_function: 'a::f', remote_function: 'x::f' }] })
    await near.provided('a::f', (data: object) => ({ ran: 'here', data }))
    await untilProvided(far, 'x::f')
    expect((await far.call('x::f', { n: 1 })).result).toEqual({ ran: 'here', data: { n: 1 } })
  })

  test('has the same id there where the entry names none', async () => {
    const { near, far } = await bridged({ expose: [{ local_function: 'a::f' }] })
    await near.provided('a::f', () => 1)
    await untilProvided(far, 'a::f')
    expect((await far.call('a::f', {})).result).toBe(1)
  })

  test('fails there with code, message and stack of the error here', async () => {
    const { near, far } = await bridged({ expose: [{ local_function: 'a::f', remote_function: 'x::f' }] })
    near.provide('a::f')
    await near.settled()
    await untilProvided(far, 'x::f')
    const outcome = far.call('x::f', {})
    await near.until(() => near.calls('a::f').length === 1, 'the call')
    near.answer(near.calls('a::f')[0]!, { error: { code: 'BOOM', message: 'it went off', stacktrace: 'at here' } })
    expect((await outcome).error).toEqual({ code: 'BOOM', message: 'it went off', stacktrace: 'at here' })
  })

  test('need not exist when the bridge is made', async () => {
    const { near, far } = await bridged({ expose: [{ local_function: 'late' }] })
    await untilProvided(far, 'late')
    expect((await far.call('late', {})).error).toMatchObject({ code: 'function_not_found' })
    await near.provided('late', () => new Boom('never thrown').code)
    expect((await far.call('late', {})).result).toBe('BOOM')
  })

  test('is all that the other engine can call', async () => {
    const { near, far } = await bridged({ expose: [{ local_function: 'a::f' }] })
    await near.provided('a::f', () => 1)
    await near.provided('a::secret', () => 'secret')
    await untilProvided(far, 'a::f')
    expect((await far.call('a::secret', {})).error).toMatchObject({ code: 'function_not_found' })
    expect((await far.call('a::f', { function_id: 'a::secret' })).result).toBe(1)
  })

  test('sees no caller that the other engine names, however deep', async () => {
    const { near, far } = await bridged({ expose: [{ local_function: 'a::f' }] })
    await near.provided('a::f', (data) => data)
    await untilProvided(far, 'a::f')
    const forged = { a: [{ _caller_worker_id: 'forged', n: 1 }], _caller_worker_id: 'forged' }
    expect((await far.call('a::f', forged)).result).toEqual({ a: [{ n: 1 }] })
  })

  test('that gives no value gives none, or null', async () => {
    const { near, far } = await bridged({ expose: [{ local_function: 'a::f' }] })
    await near.provided('a::f', () => undefined)
    await untilProvided(far, 'a::f')
    expect((await far.call('a::f', {})).result ?? null).toBeNull()
  })
})

describe('bridge.invoke', () => {
  test('answers with the bare value', async () => {
    const { near, far } = await bridged({})
    await far.provided('math::add', ({ a, b }: { a: number; b: number }) => a + b)
    const input = { function_id: 'math::add', data: { a: 1, b: 2 }, more: 'ignored' }
    expect((await near.call('bridge.invoke', input)).result).toBe(3)
  })

  test('answers with null where there is no value', async () => {
    const { near, far } = await bridged({})
    await far.provided('f', () => undefined)
    expect((await near.call('bridge.invoke', { function_id: 'f' })).result).toBeNull()
    expect(far.calls('f')[0]!['data']).toBeNull()
  })

  test.each([
    [undefined],
    [null],
    ['x'],
    [[]],
    [{}],
    [{ function_id: 7 }],
    [{ function_id: '' }],
    [{ function_id: 'f', timeout_ms: -1 }],
    [{ function_id: 'f', timeout_ms: 1.5 }],
    [{ function_id: 'f', timeout_ms: '1' }],
  ])('refuses %j', async (input) => {
    const { near } = await bridged({})
    for (const id of ['bridge.invoke', 'bridge.invoke_async']) {
      expect((await near.call(id, input)).error).toEqual({
        code: 'deserialization_error',
        message: expect.stringMatching(/^Failed to parse invoke input: .+\.$/) as string,
      })
    }
  })

  test('fails when the function takes longer than timeout_ms', async () => {
    const { near, far } = await bridged({})
    await far.provided('slow')
    const since = performance.now()
    const { error } = await near.call('bridge.invoke', { function_id: 'slow', timeout_ms: 100 })
    expect(error).toMatchObject({
      code: 'bridge_error',
      message: expect.stringMatching(/^invocation timed out/) as string,
    })
    expect(performance.now() - since).toBeGreaterThan(90)
  })
})

describe('bridge.invoke_async', () => {
  test('has the function called, and answers null', async () => {
    const { near, far } = await bridged({})
    await far.provided('f', () => 1)
    expect((await near.call('bridge.invoke_async', { function_id: 'f', data: { n: 1 } })).result).toBeNull()
    await far.until(() => far.calls('f').length === 1, 'the call')
    expect(far.calls('f')[0]!['data']).toMatchObject({ n: 1 })
  })

  test('answers null where there is no such function, and whatever timeout_ms says', async () => {
    const { near } = await bridged({})
    const outcome = await near.call('bridge.invoke_async', { function_id: 'nobody::has::it', timeout_ms: 1 })
    expect([outcome.result, outcome.error]).toEqual([null, undefined])
  })
})
