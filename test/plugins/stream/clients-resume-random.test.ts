// Resume at random: whatever is emitted and wherever a client is cut off, its subscriptions end with exactly what concerns them.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { StreamFrame } from '../../support/stream-frame.ts'
import { StreamScene } from '../../support/stream-scene.ts'

/** One step of a run: events in one turn, a cut, or time for frames to arrive. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('emit' as const),
      items: fc.array(fc.constantFrom('a', 'b', null), { minLength: 1, maxLength: 12 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('turn' as const), count: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('cut' as const), frames: fc.nat(6), isOrderly: fc.boolean() }),
  },
)

it('a client that is cut off at any point ends with exactly what was emitted', async () => {
  const run = fc.asyncProperty(
    fc.array(step, { minLength: 4, maxLength: 40 }),
    fc.constantFrom(null, 'a'),
    fc.constantFrom(3, 1_024),
    async (steps, item, maxFrames) => {
      const scene = await StreamScene.open({ max_buffered_frames: maxFrames })
      scene.feed.beforeMissed = turn
      scene.feed.beforeSnapshot = turn
      const emitted: number[] = []
      const received: unknown[] = []
      let position: string | undefined
      let client = await scene.connect()
      await client.joined('s-1', 'board', 'g1', { id: item })
      const takeOver = (): void => {
        received.push(...client.received)
        position = client.lastPosition ?? position
      }
      let value = 0
      for (const action of steps) {
        if (action.kind === 'turn') {
          for (let count = 0; count < action.count; count++) await turn()
        } else if (action.kind === 'emit') {
          for (const target of action.items) {
            value++
            if (target === null) scene.feed.send('board', 'g1', null, value)
            else scene.feed.set('board', 'g1', target, value)
            scene.feed.set('elsewhere', 'g1', 'a', value)
            if (item === null || target === item) emitted.push(value)
          }
        } else {
          const { length } = client.frames
          if (action.frames > 0 && received.length + client.received.length < emitted.length)
            await client.until(() => client.frames.length > length, 'another frame')
          if (action.isOrderly) await client.close()
          else client.socket.terminate()
          takeOver()
          client = await scene.connect()
          client.join('s-1', 'board', 'g1', { id: item, position })
        }
      }
      const lacking = (): number => emitted.length - received.length - client.received.length
      await client.until(() => lacking() <= 0, 'the rest')
      await client.settled()
      takeOver()
      expect(received).toEqual(emitted)
      await scene.server.close()
    },
  )
  await fc.assert(run, { numRuns: 60 })
}, 60_000)

/** A subscription as a client keeps it: its position moves with its own frames, from its `sync` or `resume` on. */
class ClientSubscription {
  readonly item: string | null
  position: string | undefined
  /** Offset of its first `sync`; what comes after it is to arrive. */
  start: number | undefined
  readonly offsets: number[] = []
  #isReady = false

  constructor(item: string | null) {
    this.item = item
  }

  disconnected(): void {
    this.#isReady = false
  }

  take({ id, position, event }: StreamFrame): void {
    const isAnswer = event.type === 'sync' || event.type === 'resume'
    if (isAnswer && id === this.item) {
      this.#isReady = true
      this.position ??= position
      this.start ??= offsetOf(position)
    }
    if (isAnswer || !this.#isReady || (this.item !== null && id !== this.item)) return
    if (offsetOf(position) <= offsetOf(this.position)) return
    this.position = position
    this.offsets.push(offsetOf(position))
  }
}

it('several subscriptions that overlap, joined and cut off at any point, each end with exactly what concerns them', async () => {
  const items = [null, 'a', 'b'] as const
  const steps = fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('emit' as const),
          items: fc.array(fc.constantFrom(...items), { minLength: 1, maxLength: 6 }),
        }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('join' as const), index: fc.nat(2) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('turn' as const), count: fc.nat(3) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const) }) },
    ),
    { minLength: 6, maxLength: 50 },
  )
  const run = fc.asyncProperty(steps, fc.constantFrom(3, 1_024), async (actions, maxFrames) => {
    const scene = await StreamScene.open({ max_buffered_frames: maxFrames })
    scene.feed.beforeMissed = turn
    scene.feed.beforeSnapshot = turn
    const subscriptions = items.map((item) => new ClientSubscription(item))
    const emitted: (string | null)[] = []
    const joined = new Set<ClientSubscription>()
    let client = await scene.connect()
    let taken = 0
    const takeAll = (): void => {
      for (; taken < client.frames.length; taken++)
        for (const subscription of subscriptions) subscription.take(client.frames[taken]!)
    }
    const join = (subscription: ClientSubscription): void => {
      if (joined.has(subscription)) return
      joined.add(subscription)
      const { item, position } = subscription
      client.join(`of ${item}`, 'board', 'g1', { id: item, position })
    }
    for (const action of actions) {
      if (action.kind === 'turn') for (let count = 0; count < action.count; count++) await turn()
      else if (action.kind === 'join') join(subscriptions[action.index]!)
      else if (action.kind === 'emit') {
        for (const item of action.items) {
          scene.feed.send('board', 'g1', item, emitted.length)
          emitted.push(item)
        }
      } else {
        client.socket.terminate()
        takeAll()
        for (const subscription of subscriptions) subscription.disconnected()
        joined.clear()
        taken = 0
        client = await scene.connect()
      }
    }
    for (const subscription of subscriptions) join(subscription)
    const expected = ({ item, start }: ClientSubscription): number[] =>
      emitted.flatMap((target, index) => (index + 1 > start! && (item === null || item === target) ? [index + 1] : []))
    const isComplete = (): boolean => {
      takeAll()
      return subscriptions.every((one) => one.start !== undefined && one.offsets.length >= expected(one).length)
    }
    await client.until(isComplete, 'the rest')
    await client.settled()
    takeAll()
    for (const subscription of subscriptions) expect(subscription.offsets).toEqual(expected(subscription))
    await scene.server.close()
  })
  await fc.assert(run, { numRuns: 80 })
}, 60_000)

function offsetOf(position: string | undefined): number {
  return Number(/\d+$/.exec(position!)![0])
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
