// Custom streams outlive the generation of the stream worker: which functions serve them is known before the first call is.
import { expect, test } from 'vitest'
import { CustomStreams } from '../../../plugins/stream/custom/custom-streams.ts'
import { EngineFolder, LISTENER } from '../../core/engine/running-engine.ts'

const NAME = 'board'

test('After a reload of the stream worker every call still reaches the worker that serves the stream', async () => {
  const folder = new EngineFolder()
  folder.configure(
    LISTENER,
    '{ name: iii-stream, config: { port: 0, adapter: { name: kv, config: { store_method: in_memory } } } }',
  )
  await folder.start()
  const [owner, client] = [await folder.connect(), await folder.connect()]
  const stored: number[] = []
  await owner.provided(`stream::set(${NAME})`, (input) => {
    const { data } = input as { data: number }
    stored.push(data)
    return { new_value: data }
  })
  let sent = 0
  const set = () =>
    client
      .call('stream::set', { stream_name: NAME, group_id: 'g', item_id: 'i', data: ++sent })
      .then(({ error }) => error)
  expect(await set()).toBeUndefined()
  for (let reload = 0; reload < 3; reload++) {
    const reloaded = client.call('engine::plugins::reload', { name: 'iii-stream' })
    // These wait at the gate, and are handed to the new generation in its first moment.
    const waiting = Array.from({ length: 20 }, set)
    expect((await reloaded).error).toBeUndefined()
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => undefined))
    expect(await set()).toBeUndefined()
  }
  expect(stored).toEqual(Array.from({ length: sent }, (_, n) => n + 1))
  const { result } = await client.call('stream::get', { stream_name: NAME, group_id: 'g', item_id: 'i' })
  expect(result).toBeUndefined()
})

test('Calls go on after a while when nobody ever says which functions there are', async () => {
  const streams = new CustomStreams(20)
  const ask = streams.whenKnown((stream: string) => streams.has('get', stream))
  expect(await ask('a')).toBe(false)
  streams.apply({ added: [{ function_id: 'stream::get(a)', namespace: 'default' }], removed: [] })
  expect(ask('a')).toBe(true)
})

test('Calls that come in the same turn as the first event do not overtake those that have waited for it', async () => {
  const streams = new CustomStreams()
  const order: number[] = []
  const add = streams.whenKnown((n: number) => void order.push(n))
  const waiting = [add(1), add(2)]
  streams.apply({ added: [], removed: [] })
  await Promise.all([...waiting, add(3), add(4)])
  await add(5)
  expect(order).toEqual([1, 2, 3, 4, 5])
})
