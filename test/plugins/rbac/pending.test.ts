// What a client sends while its auth function runs: it is not read, and takes effect afterwards, in order (spec 04 B.3).
import { expect, test } from 'vitest'
import { RawClient } from '../../support/raw-client.ts'
import { PUBLIC, rbacScene, type RbacScene } from './scene.ts'

const FRAMES = 10_000
const PADDING = 'x'.repeat(4_000)
/** What systems keep for a connection that nobody reads, at most some 10 MB by default, and what had been read with the request. */
const IN_THE_SYSTEM = 20_000_000

async function pending({ core }: RbacScene): Promise<RawClient> {
  const client = new RawClient(core.url(PUBLIC))
  await client.opened()
  for (let n = 0; n < FRAMES; n++)
    client.send(`{"type":"invokefunction","function_id":"todos::add","data":{"n":${n},"pad":"${PADDING}"}}`)
  return client
}

/** Time for the engine, which runs in this very process, to do all that it has to do. */
async function turns({ trusted }: RbacScene): Promise<void> {
  for (let round = 0; round < 100; round++) await trusted.settled()
}

test('10,000 frames that come meanwhile stay with their sender, and then take effect in order', async () => {
  const gate = Promise.withResolvers<object>()
  const scene = await rbacScene({ expose_functions: ['match("todos::*")'] }, () => gate.promise)
  await scene.trusted.provided('todos::add')
  const client = await pending(scene)
  await turns(scene)
  expect(client.socket.bufferedAmount).toBeGreaterThan(FRAMES * PADDING.length - IN_THE_SYSTEM)
  expect(scene.trusted.calls('todos::add')).toEqual([])
  gate.resolve({})
  // The cheaper question first: it is asked at each frame.
  await scene.trusted.until(() => scene.trusted.frames.length > FRAMES, 'all calls', 15_000)
  await scene.trusted.until(() => scene.trusted.calls('todos::add').length === FRAMES, 'all calls', 15_000)
  const order = scene.trusted.calls('todos::add').map(({ data }) => (data as { n: number }).n)
  expect(order.every((n, index) => n === index)).toBe(true)
})

test('of a client that is refused none takes effect', async () => {
  const gate = Promise.withResolvers<object>()
  const scene = await rbacScene({ expose_functions: ['match("todos::*")'] }, () => gate.promise)
  await scene.trusted.provided('todos::add')
  const client = await pending(scene)
  await scene.trusted.until(() => scene.trusted.calls('gate::auth').length === 1, 'the question')
  gate.reject(new Error('not you'))
  expect((await client.closed).code).toBe(1008)
  await turns(scene)
  expect(scene.trusted.calls('todos::add')).toEqual([])
  expect(client.frames).toEqual([{ type: 'error', error: { code: 'AUTH_ERROR', message: 'not you' } }])
})

test('others are served meanwhile', async () => {
  const gate = Promise.withResolvers<object>()
  const scene = await rbacScene({ expose_functions: ['match("todos::*")'] }, ({ query_params: { slow } }) =>
    slow === undefined ? {} : gate.promise,
  )
  await scene.trusted.provided('todos::list', () => ['milk'])
  const before = await scene.session()
  const slow = new RawClient(`${scene.core.url(PUBLIC)}/?slow`)
  await slow.opened()
  await scene.trusted.until(() => scene.trusted.calls('gate::auth').length === 2, 'the question')
  const after = await scene.session()
  for (const client of [before, after]) expect((await client.call('todos::list', {})).result).toEqual(['milk'])
  expect(slow.frames).toEqual([])
  gate.resolve({})
  await slow.next('workerregistered')
})
