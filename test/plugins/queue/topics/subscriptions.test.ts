// Which bindings share a subscription, what the backend is told of it, and when it ends (spec 03 §4.2–4.3).
import { describe, expect, test } from 'vitest'
import type { Backend, Outcome } from '../../../../plugins/queue/adapters/backend.ts'
import { QUEUE_DEFAULTS } from '../../../../plugins/queue/settings.ts'
import { Subscriptions } from '../../../../plugins/queue/topics/subscriptions.ts'
import type { TriggerBinding } from '../../../../sdk/handle-types.ts'
import { collectingLog } from '../../../support/collecting-log.ts'
import { ScriptedBackend } from './scripted-backend.ts'

const KEY = 't::f@default'
const DONE: Outcome = { kind: 'done' }

function scene() {
  const backend = new ScriptedBackend()
  const log = collectingLog()
  const delivered: string[] = []
  const ends: (() => void)[] = []
  const subscriptions = new Subscriptions({
    backend: backend as unknown as Backend,
    log,
    defaults: QUEUE_DEFAULTS,
    deliver: (_delivery, { binding }) => {
      delivered.push(binding.id)
      return new Promise((resolve) => ends.push(() => resolve(DONE)))
    },
    observed: (_queue, consumer) => consumer,
  })
  const handler = subscriptions.handler()
  const bind = async (id: string, more: Partial<TriggerBinding> = {}): Promise<void> =>
    handler.registerTrigger({ id, function_id: 'f', config: { topic: 't' }, ...more })
  const unbind = async (id: string, deliberate = true): Promise<void> =>
    handler.unregisterTrigger({ id, deliberate, moved: false })
  return { backend, log, delivered, ends, subscriptions, bind, unbind }
}

describe('a subscription', () => {
  test('is remembered and consumed when its function is bound', async () => {
    const { backend, bind } = scene()
    await bind('a')
    expect(backend.asked).toEqual([`subscribe ${KEY}`, `consume ${KEY}`])
  })

  test('is forgotten when its last trigger is unregistered, and no sooner', async () => {
    const { backend, bind, unbind } = scene()
    await bind('a')
    await bind('b')
    backend.asked.splice(0)
    await unbind('a')
    expect(backend.asked).toEqual([`subscribe ${KEY}`])
    await unbind('b')
    expect(backend.asked.slice(1)).toEqual([`unsubscribe ${KEY}`, `stop ${KEY}`])
  })

  test('that is forgotten leaves no queue behind when its deliveries have ended', async () => {
    const { backend, bind, unbind } = scene()
    await bind('kept', { function_id: 'g' })
    await unbind('kept', false)
    await bind('a')
    const stopped = Promise.withResolvers<void>()
    backend.stopping = stopped.promise
    await unbind('a')
    expect(backend.retired.items).toEqual([])
    stopped.resolve()
    expect(await backend.retired.take(1)).toEqual([KEY])
  })

  test('is kept when its worker goes, and is consumed again when that comes back', async () => {
    const { backend, bind, unbind } = scene()
    await bind('a')
    await unbind('a', false)
    await bind('another id')
    expect(backend.asked).toEqual([
      `subscribe ${KEY}`,
      `consume ${KEY}`,
      `stop ${KEY}`,
      `subscribe ${KEY}`,
      `consume ${KEY}`,
    ])
  })

  test('is one per topic, namespace and function', async () => {
    const { backend, bind } = scene()
    await bind('a')
    await bind('b', { namespace: 'n1' })
    await bind('c', { function_id: 'g' })
    await bind('d', { config: { queue: 'u' } })
    const keys = backend.asked.filter((each) => each.startsWith('consume')).map((each) => each.slice('consume '.length))
    expect(keys).toEqual([KEY, 't::f@n1', 't::g@default', 'u::f@default'])
  })

  test('is told apart by `__binding` where bindings share a delivery function', async () => {
    const { backend, bind, delivered, ends } = scene()
    await bind('a', { metadata: { __binding: 'one' } })
    await bind('b', { metadata: { __binding: 'other' } })
    const outcome = backend.deliver('t::other@default')
    ends[0]?.()
    expect(await outcome).toEqual(DONE)
    expect(delivered).toEqual(['b'])
  })

  test('changes with its trigger: the old one is forgotten', async () => {
    const { backend, bind } = scene()
    await bind('a')
    backend.asked.splice(0)
    await bind('a', { config: { topic: 'other' } })
    expect(backend.asked).toEqual([
      `unsubscribe ${KEY}`,
      `stop ${KEY}`,
      'subscribe other::f@default',
      'consume other::f@default',
    ])
  })

  test('that comes back is remembered at once, and consumed when its earlier consumption has ended', async () => {
    const { backend, bind, unbind } = scene()
    await bind('a')
    const stopped = Promise.withResolvers<void>()
    backend.stopping = stopped.promise
    await unbind('a')
    expect(backend.asked.splice(0)).toEqual([`subscribe ${KEY}`, `consume ${KEY}`, `unsubscribe ${KEY}`, `stop ${KEY}`])
    await bind('b')
    expect(backend.asked).toEqual([`subscribe ${KEY}`])
    stopped.resolve()
    expect((await backend.told.take(3)).slice(1)).toEqual([`subscribe ${KEY}`, `consume ${KEY}`])
    await unbind('b')
    expect(backend.asked.slice(3)).toEqual([`unsubscribe ${KEY}`, `stop ${KEY}`])
  })

  test('of a worker that is back at once goes on', async () => {
    const { backend, bind, unbind } = scene()
    await bind('a')
    await Promise.all([unbind('a', false), bind('b')])
    expect(new Set(backend.asked)).toEqual(new Set([`subscribe ${KEY}`, `consume ${KEY}`]))
  })

  test('that the backend refuses refuses the trigger, and leaves nothing', async () => {
    const { backend, bind, unbind, subscriptions } = scene()
    backend.refusal = new Error('the disk is full')
    await expect(bind('a')).rejects.toThrow('the disk is full')
    expect(subscriptions.topics()).toEqual(new Set())
    await bind('a')
    await unbind('a')
    expect(backend.asked.slice(1)).toEqual([`subscribe ${KEY}`, `consume ${KEY}`, `unsubscribe ${KEY}`, `stop ${KEY}`])
  })
})

describe('whoever publishes waits for changes of the topic,', () => {
  test('and for none of another one', async () => {
    const { bind, unbind, subscriptions, backend } = scene()
    const bound = bind('a')
    expect(subscriptions.changes('other')).toBeUndefined()
    await subscriptions.changes('t')
    expect(backend.asked[0]).toBe(`subscribe ${KEY}`)
    await bound
    const unbound = unbind('a')
    await subscriptions.changes('t')
    expect(backend.asked).toContain(`unsubscribe ${KEY}`)
    await unbound
    expect(subscriptions.changes('t')).toBeUndefined()
  })

  test('also for those of a trigger that moves away', async () => {
    const { bind, subscriptions, backend } = scene()
    await bind('a')
    const moved = bind('a', { config: { topic: 'other' } })
    await subscriptions.changes('t')
    expect(backend.asked).toContain(`unsubscribe ${KEY}`)
    await moved
  })
})

describe('several triggers of one function', () => {
  test('take as much at a time as all of them, tuned as the last one says', async () => {
    const { backend, bind } = scene()
    const tuned = (concurrency: number, maxRetries: number) => ({
      config: { topic: 't', queue_config: { concurrency, maxRetries } },
    })
    await bind('a', tuned(3, 7))
    await bind('b', tuned(5, 1))
    expect(backend.settings.get(KEY)).toMatchObject({ concurrency: 8, maxAttempts: 2 })
    await bind('a', tuned(4, 9))
    expect(backend.settings.get(KEY)).toMatchObject({ concurrency: 9, maxAttempts: 10 })
  })

  test('share the messages, each no more than it takes at a time', async () => {
    const { backend, bind, delivered, ends } = scene()
    const tuned = (concurrency: number) => ({ config: { topic: 't', queue_config: { concurrency } } })
    await bind('a', tuned(1))
    await bind('b', tuned(3))
    const outcomes = [1, 2, 3, 4].map(() => backend.deliver(KEY))
    expect(delivered.toSorted()).toEqual(['a', 'b', 'b', 'b'])
    for (const end of ends) end()
    expect(await Promise.all(outcomes)).toEqual([DONE, DONE, DONE, DONE])
  })

  test('give a message back that arrives when the last of them has gone', async () => {
    const { backend, bind, unbind } = scene()
    await bind('a')
    const stopped = Promise.withResolvers<void>()
    backend.stopping = stopped.promise
    await unbind('a', false)
    expect(await backend.deliver(KEY)).toEqual({ kind: 'returned' })
    stopped.resolve()
  })
})

describe('a subscriber', () => {
  test.each([[{}], [{ topic: '' }], [null], [{ topic: 5 }]])(
    'with the config %j is warned about and gets nothing',
    async (config) => {
      const { backend, bind, log } = scene()
      await bind('a', { config })
      expect(backend.asked).toEqual([])
      expect(log.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('names no topic') }])
    },
  )

  test('is warned about a setting that counts as left out', async () => {
    const { backend, bind, log } = scene()
    await bind('a', { config: { topic: 't', queue_config: { maxRetries: '3' } } })
    expect(backend.settings.get(KEY)).toEqual(QUEUE_DEFAULTS)
    expect(log.lines.map(({ message }) => message)).toEqual([
      'subscriber of topic \'t\': `queue_config.maxRetries` must be a whole number from 0 to 9007199254740990, got "3", and is ignored',
    ])
  })

  test('is refused with a condition that is no function id', async () => {
    const { bind } = scene()
    await expect(bind('a', { config: { topic: 't', condition_function_id: 5 } })).rejects.toThrow(
      'condition_function_id',
    )
  })
})
