// Whatever many workers write at the same time, nothing is lost: every write is in the value, and the events of each key form one
// chain, each beginning where another has ended.
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connectRedis } from '../../../kit/redis/redis-connection.ts'
import type { UpdateOperation } from '../../../kit/update/update-operations.ts'
import { KvFile } from '../../../plugins/state/adapters/kv-file.ts'
import { KvMemory } from '../../../plugins/state/adapters/kv-memory.ts'
import { RedisState } from '../../../plugins/state/adapters/redis.ts'
import type { StateStore } from '../../../plugins/state/adapters/store.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis } from '../../support/redis-server.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const log = collectingLog()

concurrencyCases('kv in memory', async () => [new KvMemory()])

concurrencyCases('kv on disk', async () => [new KvFile({ folder: tempFolder(), log })])

describe.skipIf(lacks('redis-server'))('needs redis-server', () => {
  const onRedis = async (engines: number): Promise<StateStore[]> => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const connect = async () => new RedisState(await connectRedis({ url: server.url, setting: 'url', log }), log)
    return Promise.all(Array.from({ length: engines }, connect))
  }
  concurrencyCases('redis', () => onRedis(1))
  concurrencyCases('redis with three engines', () => onRedis(3))
})

/** What one worker does, one after the other, on one of a few keys. */
const STEP = fc.record({
  key: fc.constantFrom('a', 'b', 'c'),
  kind: fc.constantFrom('increment' as const, 'append' as const, 'merge' as const, 'set' as const),
  by: fc.integer({ min: 1, max: 1_000 }),
  /** Whether the worker waits for the answer before its next step. */
  waits: fc.boolean(),
})
type Step = typeof STEP extends fc.Arbitrary<infer Value> ? Value : never

interface Written {
  readonly old: string | undefined
  readonly now: string | undefined
}

function concurrencyCases(name: string, open: () => Promise<StateStore[]>): void {
  describe(`concurrent updates: ${name}`, () => {
    test('lose nothing', async () => {
      const stores = await open()
      onTestFinished(async () => void (await Promise.all(stores.map((store) => store.close()))))
      let run = 0
      const workers = fc.array(fc.array(STEP, { maxLength: 12 }), { minLength: 2, maxLength: 12 })
      await fc.assert(
        fc.asyncProperty(workers, async (plans) => {
          await play(stores, `scope-${run++}`, plans)
        }),
        { numRuns: 40 },
      )
    }, 60_000)

    test('events of plain writes among updates form one chain as well', async () => {
      const stores = await open()
      onTestFinished(async () => void (await Promise.all(stores.map((store) => store.close()))))
      const events: Written[] = []
      const note = (old: string | undefined, now: string | undefined): void => void events.push({ old, now })
      const writes = Array.from({ length: 300 }, (_, index) => {
        const store = stores[index % stores.length]!
        if (index % 3 === 0) return store.set('s', 'k', `{"set":${index}}`, note)
        const member: UpdateOperation = { type: 'set', path: [`m${index}`], value: index }
        return store.update('s', 'k', [member], note)
      })
      await Promise.all(writes)
      expectChain(events, await stores[0]!.get('s', 'k'))
    })
  })
}

async function play(stores: readonly StateStore[], scope: string, plans: readonly Step[][]): Promise<void> {
  const events = new Map<string, Written[]>()
  const work = async (worker: number, steps: readonly Step[]): Promise<void> => {
    const store = stores[worker % stores.length]!
    const open: Promise<unknown>[] = []
    for (const [index, step] of steps.entries()) {
      const note = (old: string | undefined, now: string | undefined): void => {
        events.set(step.key, [...(events.get(step.key) ?? []), { old, now }])
      }
      const written = store.update(scope, step.key, operationsOf(step, `${worker}-${index}`), note)
      if (step.waits) await written
      else open.push(written)
    }
    await Promise.all(open)
  }
  await Promise.all(plans.map((steps, worker) => work(worker, steps)))
  for (const key of ['a', 'b', 'c']) {
    const steps = plans.flatMap((plan, worker) =>
      plan.map((step, index) => ({ ...step, tag: `${worker}-${index}` })).filter((step) => step.key === key),
    )
    const text = await stores[0]!.get(scope, key)
    expectChain(events.get(key) ?? [], text)
    if (steps.length === 0) continue
    const tagsOf = (kind: Step['kind']) => steps.filter((step) => step.kind === kind).map(({ tag }) => tag)
    const value = JSON.parse(text!) as Record<string, never>
    expect({
      count: value['count'] ?? 0,
      list: [...listOf(value)].sort(),
      merged: Object.keys(value['merged'] ?? {}).sort(),
      set: Object.keys(value)
        .filter((member) => member.startsWith('set-'))
        .sort(),
    }).toEqual({
      count: steps.reduce((sum, { kind, by }) => (kind === 'increment' ? sum + by : sum), 0),
      list: tagsOf('append').sort(),
      merged: tagsOf('merge').sort(),
      set: tagsOf('set')
        .map((tag) => `set-${tag}`)
        .sort(),
    })
    // A worker's own appends stand in its order, whether it waited or not.
    const places = listOf(value).map((tag) => tag.split('-').map(Number))
    for (const [index, [worker, step]] of places.entries()) {
      const later = places.slice(index + 1).filter(([other]) => other === worker)
      expect(later.every(([, next]) => next! > step!)).toBe(true)
    }
  }
}

function listOf(value: Record<string, { all?: string[] }>): string[] {
  return value['lists']?.all ?? []
}

function operationsOf({ kind, by }: Step, tag: string): UpdateOperation[] {
  switch (kind) {
    case 'increment':
      return [{ type: 'increment', path: ['count'], by }]
    case 'append':
      // Of the first text appended to nothing a text would be made; two segments make a list.
      return [{ type: 'append', path: ['lists', 'all'], value: tag }]
    case 'merge':
      return [{ type: 'merge', path: ['merged'], value: { [tag]: true } }]
    case 'set':
      return [{ type: 'set', path: [`set-${tag}`], value: tag }]
  }
}

/** Each event begins where exactly one other has ended, from nothing to the value that is stored. */
function expectChain(events: readonly Written[], stored: string | undefined): void {
  const left = new Map(events.map((event) => [event.old, event]))
  expect(left.size).toBe(events.length)
  let value: string | undefined
  for (let event = left.get(value); event !== undefined; event = left.get(value)) {
    left.delete(value)
    value = event.now
  }
  expect([left.size, value]).toEqual([0, stored])
}
