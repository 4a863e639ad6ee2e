import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LONGEST_GAP_MS } from '../../../kit/generations/hand-over-file.ts'
import { LeftEvents } from '../../../kit/triggers/left-events.ts'
import { readCondition, readConfigObject, TriggerBindings } from '../../../kit/triggers/trigger-bindings.ts'
import type { TriggerRequest } from '../../../sdk/handle-types.ts'
import { RawJson } from '../../../sdk/raw-json.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { tempFolder } from '../../support/temp-folder.ts'

interface Call {
  readonly request: TriggerRequest
  answer(value: unknown): Promise<void>
}

/** Lets everything run that is ready to. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A generation with a binding that asks a condition, and one that does not. */
function generation(folder: string, { now = Date.now() } = {}) {
  const calls: Call[] = []
  const log = collectingLog()
  const bindings = new TriggerBindings<{ condition_function_id: string | undefined }, { key: string; n: number }>({
    iii: {
      trigger(request: TriggerRequest): Promise<unknown> {
        const { promise, resolve } = Promise.withResolvers<unknown>()
        const answer = async (value: unknown): Promise<void> => {
          resolve(value)
          await settled()
        }
        calls.push({ request, answer })
        return promise
      },
    },
    log,
    readConfig: (config) => ({ condition_function_id: readCondition(readConfigObject(config)) }),
    matches: () => true,
    payload: ({ key, n }) => new RawJson(JSON.stringify({ key, n })),
    bytes: () => 10,
    orderKey: ({ key }) => key,
    limits: { maxUndecidedPerKey: 2, maxInFlight: 4 },
    left: new LeftEvents({ folder: () => folder, log, now: () => now }),
  })
  const bind = (id: string, config: object = {}) => bindings.registerTrigger({ id, function_id: `f-${id}`, config })
  const seen = () => calls.map(({ request: { function_id, payload } }) => [function_id, (payload as RawJson).json])
  return { bindings, calls, log, bind, seen, file: join(folder, 'left-events.json') }
}

const ASKED = { condition_function_id: 'condition' }

test('the next generation asks the conditions that have not decided, in order, and calls each handler once', async () => {
  const folder = tempFolder()
  const old = generation(folder)
  old.bind('a', ASKED)
  old.bind('plain')
  // Two of a key are asked at a time, the third waits for its turn and the last for the window.
  for (const n of [1, 2, 3]) old.bindings.fire({ key: 'k', n }, { traceparent: `trace-${n}` })
  for (const n of [4, 5, 6]) old.bindings.fire({ key: 'other', n })
  const [first] = old.calls.filter(({ request }) => request.function_id === 'condition')
  await first!.answer(true)
  const before = old.seen().filter(([id]) => id === 'f-a')
  expect(before).toEqual([['f-a', '{"key":"k","n":1}']])
  await old.bindings.leave(1_000)
  // What they say now comes too late.
  for (const { request, answer } of old.calls) if (request.function_id === 'condition') await answer(true)
  expect(old.seen().filter(([id]) => id === 'f-a')).toEqual(before)
  expect(old.seen().filter(([id]) => id === 'f-plain')).toHaveLength(6)

  const next = generation(folder)
  expect(existsSync(next.file)).toBe(true)
  next.bind('a', ASKED)
  expect(existsSync(next.file)).toBe(false)
  next.bindings.fire({ key: 'k', n: 7 })
  for (let n = 0; n < next.calls.length; n++) await next.calls[n]!.answer(true)
  const handled = next.seen().filter(([id]) => id === 'f-a')
  const ofKey = (key: string) => handled.map(([, json]) => JSON.parse(json!)).filter((event) => event.key === key)
  expect(ofKey('k').map(({ n }) => n)).toEqual([2, 3, 7])
  expect(ofKey('other').map(({ n }) => n)).toEqual([4, 5, 6])
  expect(next.calls.find(({ request }) => request.traceparent === 'trace-2')).toBeDefined()
  expect([...old.log.lines, ...next.log.lines]).toEqual([])
})

test('nothing is written where nothing waits for a condition', async () => {
  const { bindings, bind, file } = generation(tempFolder())
  bind('plain')
  bindings.fire({ key: 'k', n: 1 })
  await bindings.leave(1_000)
  expect(existsSync(file)).toBe(false)
})

test('a generation that fails before it has a binding leaves them to the one after it', async () => {
  const folder = tempFolder()
  const old = generation(folder)
  old.bind('a', ASKED)
  old.bindings.fire({ key: 'k', n: 1 })
  await old.bindings.leave(1_000)
  generation(folder)
  const { bind, seen } = generation(folder)
  bind('a', ASKED)
  expect(seen()).toEqual([['condition', '{"key":"k","n":1}']])
})

test.each([
  ['half a file', (text: string) => text.slice(0, -3)],
  ['another shape', () => '[1]'],
])('%s counts as none', async (_what, damage) => {
  const folder = tempFolder()
  const old = generation(folder)
  old.bind('a', ASKED)
  old.bindings.fire({ key: 'k', n: 1 })
  await old.bindings.leave(1_000)
  writeFileSync(old.file, damage(readFileSync(old.file, 'utf8')))
  const { bind, seen, log } = generation(folder)
  bind('a', ASKED)
  expect(seen()).toEqual([])
  expect(log.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('damaged') }])
})

test('what an engine has left that ended long ago is not fired', async () => {
  const folder = tempFolder()
  const old = generation(folder)
  old.bind('a', ASKED)
  old.bindings.fire({ key: 'k', n: 1 })
  await old.bindings.leave(1_000)
  const { bind, seen } = generation(folder, { now: Date.now() + LONGEST_GAP_MS + 60_000 })
  bind('a', ASKED)
  expect(seen()).toEqual([])
})

test('a folder that can not be written to is told of, with the number of events', async () => {
  const { bindings, bind, log } = generation(join(tempFolder(), 'missing'))
  bind('a', ASKED)
  bindings.fire({ key: 'k', n: 1 })
  await bindings.leave(1_000)
  expect(log.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('1 events') }])
})
