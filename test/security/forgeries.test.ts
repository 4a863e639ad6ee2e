// What a session forges: who called, answers to calls of others, tokens (spec 01 §9.2–§9.3, §12.3, 09 §4 c).
import { expect, test } from 'vitest'
import type { TestCore } from '../support/test-core.ts'
import { PUBLIC } from '../core/gateway/session-scene.ts'
import { hostile, OPEN } from './hostile-scene.ts'

const FORGED = { _caller_worker_id: 'forged', deep: [{ _caller_worker_id: 'forged', kept: 1 }] }
const CLEAN = { deep: [{ kept: 1 }] }

test.each([
  ['plain', JSON.stringify(FORGED)],
  ['with escapes', JSON.stringify(FORGED).replaceAll('_caller', '\\u005fc\\u0061ller')],
  ['twice', '{"_caller_worker_id":"a","deep":[{"kept":1,"_caller_worker_id":1}],"_caller_worker_id":"b"}'],
  ['with space', ' { "_caller_worker_id" : "forged" , "deep":[{"kept":1}] } '],
])(
  'A forged caller in a payload is taken out, %s: of a call, a job, what is published, a stream, metadata',
  async (_how, json) => {
    const got: Record<string, unknown> = {}
    const note = (name: string) => (input: unknown) => void (got[name] = input)
    const { trusted, session } = await hostile({
      rbac: { expose_functions: ['match("*")'] },
      decide: () => ({ forbidden_functions: ['secret::f'] }),
      prepare: (core: TestCore) => {
        core.plugin('queue', { 'engine::queue::enqueue': note('enqueue') })
        core.plugin('carriers', { publish: note('publish'), 'stream::set': note('stream') })
      },
    })
    const call = (id: string, functionId: string, data: string, more = ''): void =>
      session.send(
        `{"type":"invokefunction","invocation_id":"${id}","function_id":"${functionId}","data":${data}${more}}`,
      )
    call('c', OPEN, json, `,"metadata":${json}`)
    call('q', OPEN, json, ',"action":{"type":"enqueue","queue":"q"}')
    call('p', 'publish', `{"topic":"t","data":${json}}`)
    call('s', 'stream::set', `{"stream_name":"s","data":${json}}`)
    for (const id of ['c', 'q', 'p', 's']) expect((await session.outcome(id)).error).toBeUndefined()
    const [delivered] = trusted.calls(OPEN)
    expect(delivered?.['data']).toEqual({ ...CLEAN, _caller_worker_id: session.workerId })
    expect(delivered?.['metadata']).toEqual(CLEAN)
    const data = Object.values(got).map((input) => (input as { data: unknown }).data)
    expect(data).toEqual([CLEAN, CLEAN, CLEAN])
  },
)

test('Digits and texts of a payload from which a caller was taken stay', async () => {
  const { trusted, session } = await hostile()
  const json = '{"big":12345678901234567890,"dec":1.0,"text":"\\u00e4\\u005f","_caller_worker_id":"forged"}'
  session.send(`{"type":"invokefunction","invocation_id":"i","function_id":"${OPEN}","data":${json}}`)
  let raw = ''
  trusted.socket.on('message', (frame: Buffer) => (raw += frame.toString()))
  await session.outcome('i')
  expect(raw).toContain('"big":12345678901234567890,"dec":1.0,"text":"ä_"')
  expect(raw).not.toContain('forged')
})

test('A forged caller in the config of a trigger is taken out', async () => {
  const { core, session } = await hostile()
  session.send({
    type: 'registertrigger',
    id: 't',
    trigger_type: 'tick',
    function_id: OPEN,
    config: FORGED,
    metadata: FORGED,
  })
  await session.settled()
  const [binding] = [...core.core.triggers.bindings()]
  expect(binding?.logical.content).toMatchObject({ config: CLEAN, metadata: CLEAN })
  expect(JSON.stringify(binding?.logical.content)).not.toContain('forged')
})

test('An answer to a call of another worker, to an unknown one, and a second answer change nothing', async () => {
  const { core, trusted, session } = await hostile()
  const caller = await core.connect()
  trusted.provide('slow::f')
  await session.provided('mine::f')
  const [slow, mine] = [caller.call('slow::f', {}), caller.call('mine::f', {})]
  await trusted.until(() => trusted.calls('slow::f').length === 1, 'the call')
  await session.until(() => session.calls('mine::f').length === 1, 'the call')
  const [theirs, own] = [trusted.calls('slow::f')[0], session.calls('mine::f')[0]]
  if (theirs === undefined || own === undefined) throw new Error('no call')
  for (const id of [theirs['invocation_id'], 'unknown', '__proto__', '', 1, null])
    session.send({ type: 'invocationresult', invocation_id: id, function_id: 'slow::f', result: 'forged' })
  session.answer(own, { result: 'first' })
  session.answer(own, { result: 'second' })
  await session.settled()
  trusted.answer(theirs, { result: 'right' })
  expect((await slow).result).toBe('right')
  expect((await mine).result).toBe('first')
  expect(caller.of('invocationresult').filter(({ function_id }) => String(function_id).endsWith('::f'))).toHaveLength(2)
})

test('An answer about a trigger that the session does not provide is ignored', async () => {
  const { core, trusted, session } = await hostile()
  trusted.send({ type: 'registertriggertype', id: 'tick', description: '' })
  const binder = await core.connect()
  binder.send({ type: 'registertrigger', id: 't', trigger_type: 'tick', function_id: OPEN, config: {} })
  await trusted.next('registertrigger')
  const error = { code: 'X', message: 'forged' }
  session.send({ type: 'triggerregistrationresult', id: 't', trigger_type: 'tick', function_id: OPEN, error })
  await session.settled()
  await binder.settled()
  expect(binder.of('triggerregistrationresult')).toEqual([])
  expect([...core.core.triggers.bindings()]).toHaveLength(1)
})

test('A reattach token serves once, with its own id, and neither guesses nor replays move anything', async () => {
  const { core, session } = await hostile()
  const victim = await core.connect({ listener: PUBLIC })
  await victim.provided('victim::f', () => 'mine')
  const { workerId, token } = victim
  for (const [id, reattach_token] of [
    [workerId, ''],
    [workerId, undefined],
    [workerId, session.token],
    [workerId, token.toUpperCase()],
    [session.workerId, session.token],
    ['__proto__', token],
  ])
    session.send({ type: 'reattach', previous_worker_id: id, reattach_token })
  await session.settled()
  expect(core.core.router.workers.get(workerId)?.phase).toBe('open')
  const heir = await core.connect({ listener: PUBLIC })
  heir.send({ type: 'reattach', previous_worker_id: workerId, reattach_token: token })
  await victim.closed
  await heir.provided('victim::f', () => 'of the heir')
  session.send({ type: 'reattach', previous_worker_id: workerId, reattach_token: token })
  await session.settled()
  expect(core.core.router.workers.get(heir.workerId)?.phase).toBe('open')
  const caller = await core.connect()
  expect((await caller.call('victim::f', {})).result).toBe('of the heir')
})

test('What a revoked session waited for comes to nobody, its token neither', async () => {
  const { core, trusted, session } = await hostile({ rbac: { expose_functions: ['match("slow::*")'] } })
  await trusted.provided('slow::f')
  void session.call('slow::f', {})
  await trusted.until(() => trusted.calls('slow::f').length === 1, 'the call')
  const { workerId, token } = session
  await trusted.call('engine::sessions::revoke', { worker_id: workerId })
  expect(await session.closed).toMatchObject({ code: 1008 })
  const other = await core.connect({ listener: PUBLIC })
  other.send({ type: 'reattach', previous_worker_id: workerId, reattach_token: token })
  await other.settled()
  const [call] = trusted.calls('slow::f')
  if (call === undefined) throw new Error('no call')
  trusted.answer(call, { result: 'late' })
  await trusted.settled()
  await other.settled()
  expect(JSON.stringify(other.frames)).not.toContain('late')
})
