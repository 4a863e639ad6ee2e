// `NaN` and its like, which Python's json writes: refused at once, because clients drop what they can't parse (spec 01 §3).
import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { engineUnderTest } from './engine-under-test.ts'

const engine = engineUnderTest()
const AT_ONCE_MS = 2_000
const LITERALS = ['NaN', 'Infinity', '-Infinity', '[1,NaN]', '{"deep":{"er":[NaN]}}', '{"text":"NaN","n":NaN}']

it.each(LITERALS)('a payload %s is refused at once and reaches nobody', async (literal) => {
  const provider = await engine.connect('provider')
  await provider.register('nan::echo', (data) => data)
  const caller = await engine.connect('caller')
  const id = randomUUID()
  const answer = caller.answerTo(id, AT_ONCE_MS)
  caller.send(`{"type":"invokefunction","invocation_id":"${id}","function_id":"nan::echo","data":${literal}}`)
  expect((await answer).error).toMatchObject({ code: 'invalid_message' })
  expect(provider.deliveries).toBe(0)
  expect(await caller.result('nan::echo', { still: 'there' })).toMatchObject({ still: 'there' })
})

it.each(LITERALS)('a result %s ends its call at once with an error, and the worker stays', async (literal) => {
  const provider = await engine.connect('provider')
  await provider.register('nan::result')
  await provider.register('nan::fine', () => 'fine')
  provider.socket.on('message', (data: Buffer) => {
    const { type, invocation_id: id, function_id: functionId } = JSON.parse(data.toString()) as Record<string, string>
    if (type === 'invokefunction' && functionId === 'nan::result') {
      provider.send(
        `{"type":"invocationresult","invocation_id":"${id}","function_id":"nan::result","result":${literal}}`,
      )
    }
  })
  const caller = await engine.connect('caller')
  expect((await caller.call('nan::result', {}, AT_ONCE_MS)).error).toMatchObject({ code: 'invalid_message' })
  expect(await caller.result('nan::fine', {})).toBe('fine')
})

it('a text that only spells NaN is an ordinary value', async () => {
  const provider = await engine.connect('provider')
  await provider.register('nan::echo', (data) => data.text)
  const caller = await engine.connect('caller')
  expect(await caller.result('nan::echo', { text: '[NaN, Infinity, "\\' })).toBe('[NaN, Infinity, "\\')
})
