// Trigger types and bindings of the unmodified SDKs (spec 08 checks 15–17, 33; spec 01 §8.11, §11, checks 28, 31, 32).
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startCore } from '../support/test-core.ts'
import { OWN } from './own.ts'
import { connectSdk, V11, V22, type Client } from './versions.ts'

interface Binding {
  readonly id: string
  readonly function_id: string
  readonly config: unknown
}

afterEach(() => {
  vi.restoreAllMocks()
})

/** A provider of 0.22.1: the older SDK is not told of bindings that go. */
function provideType(client: Client, accept: (binding: Binding) => void = () => {}) {
  const registered: Binding[] = []
  const unregistered: string[] = []
  client.registerTriggerType(
    { id: 'ticks', description: 'Ticks' },
    {
      registerTrigger: async (binding: Binding) => {
        registered.push(binding)
        accept(binding)
      },
      unregisterTrigger: async ({ id }: Binding) => void unregistered.push(id),
    },
  )
  const fire = (): Promise<unknown[]> =>
    Promise.all(
      registered
        .filter(({ id }) => !unregistered.includes(id))
        .map(({ function_id }) => client.trigger({ function_id, payload: { tick: true } })),
    )
  return { registered, unregistered, fire }
}

describe.each([V22, V11, OWN])('a binder with iii-sdk $name', (version) => {
  it('is bound once, and its provider is relieved of exactly that binding when it leaves', async () => {
    const core = await startCore()
    const { registered, unregistered } = provideType(connectSdk(V22, core.url()))
    const binder = connectSdk(version, core.url())
    binder.registerFunction('on::tick', async () => null)
    binder.registerTrigger({ type: 'ticks', function_id: 'on::tick', config: { every: 1 } })
    await expect.poll(() => registered.length).toBe(1)
    expect(registered[0]).toMatchObject({ id: expect.any(String), function_id: 'on::tick', config: { every: 1 } })
    await binder.shutdown()
    await expect.poll(() => unregistered.length).toBe(1)
    expect(unregistered).toEqual([registered[0]?.id])
    expect(registered).toHaveLength(1)
  })

  it('may come before its provider: it hears of no error, and is bound when the type appears, again after a restart', async () => {
    const core = await startCore()
    const errors = vi.spyOn(console, 'error').mockImplementation(() => {})
    const binder = connectSdk(version, core.url())
    const ticks: unknown[] = []
    binder.registerFunction('on::tick', async (data) => void ticks.push(data))
    binder.registerTrigger({ type: 'ticks', function_id: 'on::tick', config: {} })
    const observer = await core.connect()
    const parked = async (): Promise<unknown> => (await observer.call('engine::registered-triggers::list', {})).result
    await expect.poll(parked).toMatchObject({ registered_triggers: [{ trigger_type: 'ticks' }] })
    const provider = connectSdk(V22, core.url())
    const first = provideType(provider)
    await expect.poll(() => first.registered.length).toBe(1)
    await provider.shutdown()
    const second = provideType(connectSdk(V22, core.url()))
    await expect.poll(() => second.registered.length).toBe(1)
    expect(second.registered).toEqual(first.registered)
    await second.fire()
    expect(ticks).toMatchObject([{ tick: true }])
    expect(errors.mock.calls.flat().join(' ')).not.toContain('Trigger registration failed')
  })

  it('that has a replica is fired once per event, also when one of the two has left, and not when both have', async () => {
    const core = await startCore()
    const { registered, unregistered, fire } = provideType(connectSdk(V22, core.url()))
    const fired: string[] = []
    const replicas = ['one', 'two'].map((name) => {
      const client = connectSdk(version, core.url())
      client.registerFunction('on::tick', async () => void fired.push(name))
      client.registerTrigger({ type: 'ticks', function_id: 'on::tick', config: { every: 1 } })
      return client
    })
    const observer = await core.connect()
    const owners = async (): Promise<number> => {
      const { result } = await observer.call('engine::registered-triggers::list', {})
      return (result as { registered_triggers: unknown[] }).registered_triggers.length
    }
    await expect.poll(owners).toBe(2)
    await expect.poll(() => registered.length).toBe(1)
    await fire()
    expect(fired).toHaveLength(1)
    await replicas[0]?.shutdown()
    await expect.poll(owners).toBe(1)
    await fire()
    expect(fired).toHaveLength(2)
    expect(fired[1]).toBe('two')
    expect(unregistered).toEqual([])
    await replicas[1]?.shutdown()
    await expect.poll(() => unregistered).toEqual([registered[0]?.id])
  })

  it('hears of functions that become available', async () => {
    const core = await startCore()
    const binder = connectSdk(version, core.url())
    const seen: string[] = []
    binder.registerFunction('on::functions', async ({ functions }) => {
      seen.push(...functions.map(({ function_id }: { function_id: string }) => function_id))
    })
    binder.registerTrigger({ type: 'engine::functions-available', function_id: 'on::functions', config: {} })
    await expect.poll(() => seen).toContain('on::functions')
    await (await core.connect()).provided('fresh::f', () => 1)
    await expect.poll(() => seen, { timeout: 3000 }).toContain('fresh::f')
  })
})

it('A refusal of the provider is printed by the second binder, and the first one stays bound', async () => {
  const core = await startCore()
  const errors = vi.spyOn(console, 'error').mockImplementation(() => {})
  let taken = false
  const { registered, fire } = provideType(connectSdk(V22, core.url()), () => {
    if (taken) throw new Error('conflict: the route is taken')
    taken = true
  })
  const fired: string[] = []
  const bind = (name: string): void => {
    const client = connectSdk(V22, core.url())
    client.registerFunction(`on::${name}`, async () => void fired.push(name))
    client.registerTrigger({ type: 'ticks', function_id: `on::${name}`, config: { name } })
  }
  bind('first')
  await expect.poll(() => registered.length).toBe(1)
  bind('second')
  await expect.poll(() => errors.mock.calls.flat().join(' ')).toContain('conflict: the route is taken')
  registered.length = 1
  await fire()
  expect(fired).toEqual(['first'])
})
