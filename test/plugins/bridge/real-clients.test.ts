// The unmodified SDKs of iii on both sides of a bridge.
import { expect, onTestFinished, test } from 'vitest'
import { registerWorker } from 'iii-sdk'
import { registerWorker as registerOldWorker } from 'iii-sdk-0-11'
import { startRemoteEngine } from '../../support/remote-engine.ts'
import { RawClient } from '../../support/raw-client.ts'
import { bridgeTo, untilProvided } from './bridged.ts'

test.each([
  ['0.22', registerWorker],
  ['0.11', registerOldWorker],
] as const)('a worker with iii-sdk %s calls and is called over a bridge', async (_version, register) => {
  const there = await startRemoteEngine([])
  const here = await startRemoteEngine([
    bridgeTo(there.url, {
      forward: [{ local_function: 'remote::add', remote_function: 'math::add' }],
      expose: [{ local_function: 'a::greet', remote_function: 'x::greet' }],
    }),
  ])
  const options = { otel: { enabled: false } }
  const near = register(here.url, options)
  const far = register(there.url, options)
  onTestFinished(async () => void (await Promise.all([near.shutdown(), far.shutdown()])))
  far.registerFunction('math::add', async ({ a, b }: { a: number; b: number }) => {
    if (a < 0) throw new Error('too small')
    return a + b
  })
  near.registerFunction('a::greet', async ({ name }: { name: string }) => `Hello, ${name}`)
  const watch = await RawClient.connect(there.url)
  await untilProvided(watch, 'math::add')
  await untilProvided(watch, 'x::greet')
  await untilProvided(await RawClient.connect(here.url), 'a::greet')
  expect(await near.trigger({ function_id: 'remote::add', payload: { a: 1, b: 2 } })).toBe(3)
  await expect(near.trigger({ function_id: 'remote::add', payload: { a: -1, b: 2 } })).rejects.toMatchObject({
    message: expect.stringContaining('too small') as string,
  })
  expect(await far.trigger({ function_id: 'x::greet', payload: { name: 'World' } })).toBe('Hello, World')
})
