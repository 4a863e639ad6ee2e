// Text that is no JSON, sent by one worker: it is told, and nobody else ever sees the text, wherever in a frame it stands.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { INVALID, PADDED } from '../../support/invalid-json.ts'
import { startCore, type TestCore } from '../../support/test-core.ts'
import type { RawClient } from '../../support/raw-client.ts'

const MEMBERS = ['data', 'metadata', 'unknown', 'traceparent', 'action']

test('None of them is JSON', () => {
  for (const text of [...INVALID, ...PADDED]) expect(() => JSON.parse(text), text).toThrow(SyntaxError)
  expect(INVALID.length).toBeGreaterThan(45)
})

test.each(MEMBERS)('A call with one as %s is answered with invalid_message and goes nowhere', async (member) => {
  const { worker, caller } = await pair()
  await worker.provided('w::f', () => 'ok')
  for (const text of [...INVALID, ...PADDED]) {
    for (const frame of frames(member, text, '"type":"invokefunction","function_id":"w::f"')) {
      const id = randomUUID()
      caller.send(frame.replace('ID', id))
      expect((await caller.outcome(id)).error, text).toMatchObject({ code: 'invalid_message' })
    }
    // Nobody waits for this one.
    caller.send(`{"type":"invokefunction","function_id":"w::f","action":{"type":"void"},"${member}":${text}}`)
  }
  expect((await caller.call('w::f')).result).toBe('ok')
  expect(worker.calls('w::f')).toHaveLength(1)
})

test.each(['result', 'error', 'unknown'])(
  'An answer with one as %s is invalid_message for the caller, and the worker stays',
  async (member) => {
    const { worker, caller } = await pair()
    await worker.provided('w::f')
    for (const text of [...INVALID, ...PADDED]) {
      const seen = worker.calls('w::f').length
      const answer = caller.call('w::f')
      await worker.until(() => worker.calls('w::f').length > seen, 'the call')
      const id = String(worker.calls('w::f')[seen]!['invocation_id'])
      worker.send(`{"type":"invocationresult","invocation_id":"${id}","function_id":"w::f","${member}":${text}}`)
      expect((await answer).error, text).toMatchObject({
        code: 'invalid_message',
        message: expect.stringContaining('the answer of the worker could not be decoded') as string,
      })
    }
    await worker.settled()
  },
)

test('A registration with one anywhere has no effect, and the next one has', async () => {
  const { worker, caller } = await pair()
  for (const text of INVALID) {
    worker.send(`{"type":"registerfunction","id":"w::g","metadata":${text}}`)
    worker.send(`{"type":"registertrigger","id":"t","trigger_type":"x","function_id":"w::g","config":${text}}`)
  }
  await worker.settled()
  expect((await caller.call('w::g')).error).toMatchObject({ code: 'function_not_found' })
  await worker.provided('w::g', () => 1)
  expect((await caller.call('w::g')).result).toBe(1)
})

test('A binary frame is checked as a text frame is', async () => {
  const { worker, caller } = await pair()
  await worker.provided('w::f', () => 'ok')
  const send = (data: Buffer, id: string): void => {
    const head = `{"type":"invokefunction","invocation_id":"${id}","function_id":"w::f","data":`
    caller.socket.send(Buffer.concat([Buffer.from(head), data, Buffer.from('}')]), { binary: true })
  }
  for (const text of INVALID) {
    const id = randomUUID()
    send(Buffer.from(text), id)
    expect((await caller.outcome(id)).error, text).toMatchObject({ code: 'invalid_message' })
  }
  // Bytes that are no UTF-8 say not even which call they belong to.
  send(Buffer.from([0x22, 0xff, 0x22]), randomUUID())
  const id = randomUUID()
  send(Buffer.from('1'), id)
  expect((await caller.outcome(id)).result).toBe('ok')
  expect(worker.calls('w::f')).toHaveLength(1)
})

async function pair(): Promise<{ core: TestCore; worker: RawClient; caller: RawClient }> {
  const core = await startCore()
  return { core, worker: await core.connect({ name: 'worker' }), caller: await core.connect({ name: 'caller' }) }
}

/** The member in front of the ids and behind them. */
function frames(member: string, text: string, rest: string): string[] {
  return [
    `{"${member}":${text},"invocation_id":"ID",${rest}}`,
    `{"invocation_id":"ID",${rest},"${member}":${text},"tail":[]}`,
  ]
}
