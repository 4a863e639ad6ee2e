// Engines bridged in a circle end a call that would go round for ever (spec 09 §4), whatever the circle is made of.
import { expect, test } from 'vitest'
import { RawClient } from '../../support/raw-client.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { bridgeTo, untilProvided } from './bridged.ts'

const forward = (id: string, to = id) => ({ forward: [{ local_function: id, remote_function: to }] })
const expose = (id: string, as = id) => ({ expose: [{ local_function: id, remote_function: as }] })
const at = (port: number): string => `ws://127.0.0.1:${port}`

const CIRCLE = {
  code: 'bridge_error',
  message: expect.stringMatching(/^The call of \S+ has crossed 16 bridges: engines are bridged in a circle/) as string,
}

/** Calls, and says how long that took. */
async function ended(client: RawClient, functionId: string): Promise<unknown> {
  const since = performance.now()
  const { error } = await client.call(functionId, { n: 1 })
  expect(performance.now() - since).toBeLessThan(5_000)
  return error
}

test('an engine that forwards to itself', async () => {
  const port = await unusedPort()
  const engine = await startRemoteEngine([bridgeTo(at(port), forward('loop'))], port)
  expect(await ended(await RawClient.connect(engine.url), 'loop')).toEqual(CIRCLE)
})

test('two that forward to each other', async () => {
  const [one, two] = [await unusedPort(), await unusedPort()]
  const here = await startRemoteEngine([bridgeTo(at(two), forward('loop'))], one)
  await startRemoteEngine([bridgeTo(at(one), forward('loop'))], two)
  expect(await ended(await RawClient.connect(here.url), 'loop')).toEqual(CIRCLE)
})

test('three that forward to the next one', async () => {
  const ports = [await unusedPort(), await unusedPort(), await unusedPort()] as const
  const [here] = await Promise.all(
    ports.map((port, index) => startRemoteEngine([bridgeTo(at(ports[(index + 1) % 3]!), forward('loop'))], port)),
  )
  expect(await ended(await RawClient.connect(here!.url), 'loop')).toEqual(CIRCLE)
})

test('one that forwards what it exposes to the same engine', async () => {
  const there = await startRemoteEngine([])
  const config = { ...forward('loop', 'back'), ...expose('loop', 'back') }
  const here = await startRemoteEngine([bridgeTo(there.url, config)])
  await untilProvided(await RawClient.connect(there.url), 'back')
  expect(await ended(await RawClient.connect(here.url), 'loop')).toEqual(CIRCLE)
})

test('two that expose to each other what the other one exposes', async () => {
  const [one, two] = [await unusedPort(), await unusedPort()]
  const here = await startRemoteEngine([bridgeTo(at(two), expose('a', 'b'))], one)
  const there = await startRemoteEngine([bridgeTo(at(one), expose('b', 'a'))], two)
  const [near, far] = [await RawClient.connect(here.url), await RawClient.connect(there.url)]
  await untilProvided(near, 'a')
  await untilProvided(far, 'b')
  expect(await ended(near, 'a')).toEqual(CIRCLE)
})

test('bridge.invoke of bridge.invoke', async () => {
  const port = await unusedPort()
  const engine = await startRemoteEngine([bridgeTo(at(port))], port)
  const client = await RawClient.connect(engine.url)
  let input: object = { function_id: 'engine::baggage::get_all', data: {} }
  for (let depth = 0; depth < 18; depth++) input = { function_id: 'bridge.invoke', data: input }
  expect((await client.call('bridge.invoke', input)).error).toEqual(CIRCLE)
})

test('bridge.invoke_async, of a call that has gone round', async () => {
  const port = await unusedPort()
  const engine = await startRemoteEngine([bridgeTo(at(port))], port)
  const client = await RawClient.connect(engine.url)
  const { error } = await client.call('bridge.invoke_async', { function_id: 'f' }, { baggage: 'iii.hops=16' })
  expect(error).toEqual(CIRCLE)
})

test('the count goes on through a worker in between that keeps the baggage of the call', async () => {
  const [one, two] = [await unusedPort(), await unusedPort()]
  const here = await startRemoteEngine([bridgeTo(at(two), forward('out', 'in'))], one)
  const there = await startRemoteEngine([bridgeTo(at(one), forward('back', 'out'))], two)
  const [near, far] = [await RawClient.connect(here.url), await RawClient.connect(there.url)]
  const hops: string[] = []
  await far.provided('in', async (_data, { baggage }) => {
    hops.push(/iii\.hops=\d+/.exec(String(baggage))![0])
    const { error, result } = await far.call('back', {}, { baggage })
    if (error !== undefined) throw Object.assign(new Error(error.message), { code: error.code })
    return result
  })
  expect(await ended(near, 'out')).toMatchObject({ code: 'bridge_error' })
  expect(hops).toEqual([1, 3, 5, 7, 9, 11, 13, 15].map((hop) => `iii.hops=${hop}`))
})
