// Numbers beyond what a double holds keep every digit in what is registered: a binding's metadata comes with each event as it was sent,
// and the provider of a trigger type, hooks and listings see what the binder wrote.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { parseUnrounded } from '../../../base/values/exact-json.ts'
import { Collector } from '../../support/deadline.ts'
import { RawClient } from '../../support/raw-client.ts'
import { sharedEngine } from './shared-engine.ts'

const engine = sharedEngine((port) => [
  '{ name: iii-state }',
  `{ name: iii-stream, config: { port: ${port} } }`,
  '{ name: iii-cron }',
  '{ name: iii-pubsub }',
])

const EXACT = '{"id":9007199254740993,"list":[-9223372036854775809,1e400],"text":"9007199254740993","small":1.5}'

/** A worker, and the text of every frame that it gets. */
async function connected(): Promise<{ worker: RawClient; texts: Collector<string> }> {
  const [worker, texts] = [await RawClient.connect(engine.url), new Collector<string>()]
  worker.socket.on('message', (data: Buffer) => texts.add(data.toString()))
  return { worker, texts }
}

const registering = (type: string, functionId: string, config: string): string =>
  `{"type":"registertrigger","id":"${randomUUID()}","trigger_type":"${type}","function_id":"${functionId}","config":${config},"metadata":${EXACT}}`

const CAUSES: Record<string, (scope: string) => { config: string; call?: [string, object] }> = {
  state: (scope) => ({
    config: `{"scope":"${scope}"}`,
    call: ['state::set', { scope, key: 'k', value: 1 }],
  }),
  stream: (scope) => ({
    config: `{"stream_name":"${scope}"}`,
    call: ['stream::set', { stream_name: scope, group_id: 'g', item_id: 'i', data: 1 }],
  }),
  subscribe: (scope) => ({ config: `{"topic":"${scope}"}`, call: ['publish', { topic: scope, data: 1 }] }),
  'engine::functions-changed': () => ({ config: '{}' }),
  cron: () => ({ config: '{"expression":"* * * * * *"}' }),
}

for (const [type, cause] of Object.entries(CAUSES)) {
  for (const how of ['registertrigger', 'engine::register_trigger'] as const) {
    test(`metadata of a binding to ${type}, made by ${how}`, async () => {
      const { worker, texts } = await connected()
      const name = `exact::${randomUUID()}`
      await worker.provided(name, () => null)
      const { config, call } = cause(randomUUID())
      if (how === 'registertrigger') worker.send(registering(type, name, config))
      else {
        worker.send(
          `{"type":"invokefunction","invocation_id":"bind","function_id":"${how}","data":{"trigger_type":"${type}","function_id":"${name}","config":${config},"metadata":${EXACT}}}`,
        )
      }
      if (how === 'registertrigger') await worker.settled()
      const id = how === 'registertrigger' ? undefined : ((await worker.outcome('bind')).result as { id: string }).id
      if (call !== undefined) await worker.call(...call)
      await worker.until(() => worker.calls(name).length > 0, 'the event')
      const frame = texts.items.find((text) => text.includes('"invokefunction"') && text.includes(name))
      expect(frame).toContain(`"metadata":${EXACT}`)
      // It stays without its maker.
      if (id !== undefined) await worker.call('engine::unregister_trigger', { id })
    })
  }
}

test('what the provider of a trigger type in another process gets, passes on and sees listed', async () => {
  const { worker: provider, texts: told } = await connected()
  const { worker, texts } = await connected()
  const [type, name] = [`exact-${randomUUID()}`, `exact::${randomUUID()}`]
  provider.send({ type: 'registertriggertype', id: type, description: '' })
  await provider.settled()
  await worker.provided(name, () => null)
  worker.send(registering(type, name, EXACT))
  const { id } = await provider.next('registertrigger')
  const binding = told.items.find((text) => text.includes('"registertrigger"'))!
  expect(binding).toContain(`"config":${EXACT},"metadata":${EXACT}`)

  const { metadata } = parseUnrounded(binding) as { metadata: unknown }
  provider.send({ type: 'invokefunction', function_id: name, data: {}, metadata, action: { type: 'void' } })
  await worker.until(() => worker.calls(name).length > 0, 'the event')
  expect(texts.items.at(-1)).toContain(`"metadata":${EXACT}`)

  await worker.call('engine::registered-triggers::info', { id })
  for (const member of ['config', 'metadata']) expect(texts.items.at(-1)).toContain(`"${member}":${EXACT}`)
})

test('what is registered of a function is listed as it was sent', async () => {
  const { worker, texts } = await connected()
  const name = `exact::${randomUUID()}`
  const schema = '{"maximum":9223372036854775807}'
  worker.send(
    `{"type":"registerfunction","id":"${name}","metadata":${EXACT},"request_format":${schema},"response_format":${schema}}`,
  )
  await worker.settled()
  await worker.call('engine::functions::info', { function_id: name })
  const answer = texts.items.at(-1)
  for (const part of [`"metadata":${EXACT}`, `"request_schema":${schema}`, `"response_schema":${schema}`]) {
    expect(answer).toContain(part)
  }
})
