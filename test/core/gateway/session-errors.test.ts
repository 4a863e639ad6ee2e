// What sessions are told of errors: no stack, which shows paths of files, unless the listener says so. Workers get each error as it is.
import { expect, test } from 'vitest'
import type { RawClient } from '../../support/raw-client.ts'
import { both, PUBLIC, scene } from './session-scene.ts'

const STACK = 'Error: boom\n    at /srv/app/secret.ts:3:9'
const open = { expose_functions: ['match("*")'] }

/** Answers each call of `id` with an error as raw JSON. */
function failing(worker: RawClient, id: string, error: string): Promise<void> {
  return worker.provided(id, (_data, { invocation_id: callId }) => {
    worker.send(
      `{"type":"invocationresult","invocation_id":"${callId as string}","function_id":"${id}","error":${error}}`,
    )
    return NEVER
  })
}

const NEVER = new Promise(() => {})

test.each([
  ['as SDKs write it', '"stacktrace"'],
  ['with an escape', String.raw`"st\u0061cktrace"`],
])('A session gets an error without its stack, %s, and all else of it unchanged', async (_how, key) => {
  const core = await scene(() => ({}), open)
  const { trusted, session } = await both(core)
  const error = `{"code":"E","message":"boom","details":{"id":12345678901234567890},${key}:${JSON.stringify(STACK)}}`
  await failing(trusted, 'a::f', error)
  const other = await core.connect({ name: 'other' })
  expect((await other.call('a::f', {})).error).toEqual(JSON.parse(error))
  const raw = await rawAnswer(session, 'a::f')
  expect(raw).toContain('"error":{"code":"E","message":"boom","details":{"id":12345678901234567890}}')
  expect(raw).not.toMatch(/secret/)
})

test('An error without a stack is what was sent, byte for byte', async () => {
  const core = await scene(() => ({}), open)
  const { trusted, session } = await both(core)
  await failing(trusted, 'a::f', '{ "code" : "E",  "message":"no stack" }')
  expect(await rawAnswer(session, 'a::f')).toContain('"error":{ "code" : "E",  "message":"no stack" }')
})

test('Nor does the stack of a middleware reach it', async () => {
  const more = { middleware_function_id: 'gate::middleware' }
  const core = await scene(() => ({}), open, undefined, more)
  const { trusted, session } = await both(core)
  await failing(trusted, 'gate::middleware', JSON.stringify({ code: 'NO', message: 'not you', stacktrace: STACK }))
  await trusted.provided('a::f', () => 'never')
  expect((await session.call('a::f', {})).error).toEqual({ code: 'NO', message: 'not you' })
})

test('Nor does that of another session', async () => {
  const core = await scene(() => ({}), open)
  const { session } = await both(core)
  await failing(session, 'mine::f', JSON.stringify({ code: 'E', message: 'boom', stacktrace: STACK }))
  const other = await core.connect({ name: 'other', listener: PUBLIC })
  expect((await other.call('mine::f', {})).error).toEqual({ code: 'E', message: 'boom' })
})

test('The provider of a trigger type may say why it refuses, and its stack stays where it is', async () => {
  const core = await scene(() => ({}), open)
  const { trusted, session } = await both(core)
  trusted.send({ type: 'registertriggertype', id: 'webhook', description: '' })
  await trusted.settled()
  const other = await core.connect({ name: 'other' })
  for (const [index, binder] of [session, other].entries()) {
    binder.provide('on::hook', () => null)
    binder.send({
      type: 'registertrigger',
      id: `t${index}`,
      trigger_type: 'webhook',
      function_id: 'on::hook',
      config: {},
    })
    const bound = await trusted.next('registertrigger', index + 1)
    const error = { code: 'conflict', message: 'the route is taken', stacktrace: STACK }
    const { id, trigger_type, function_id } = bound
    trusted.send({ type: 'triggerregistrationresult', id, trigger_type, function_id, error })
  }
  expect((await session.next('triggerregistrationresult'))['error']).toEqual({
    code: 'conflict',
    message: 'the route is taken',
  })
  expect((await other.next('triggerregistrationresult'))['error']).toMatchObject({ stacktrace: STACK })
})

test('With session_stacktraces errors are passed on whole', async () => {
  const core = await scene(() => ({}), open, undefined, { session_stacktraces: true })
  const { trusted, session } = await both(core)
  const error = { code: 'E', message: 'boom', stacktrace: STACK }
  await failing(trusted, 'a::f', JSON.stringify(error))
  expect((await session.call('a::f', {})).error).toEqual(error)
})

/** The text of the frame that answers a call. */
async function rawAnswer(client: RawClient, id: string): Promise<string> {
  const texts: string[] = []
  client.socket.on('message', (data: Buffer) => texts.push(data.toString()))
  await client.call(id, {})
  return texts.find((text) => text.includes('"error"')) ?? ''
}
