// The file with the functions of external workers: what is in it, when it is written, and what is done about one that is broken.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createLog } from '../../core/log.ts'
import { MAX_FILE_BYTES, RememberedFunctions, type FunctionName } from '../../core/remembered-functions.ts'
import { RoutingCore } from '../../core/routing-core.ts'
import { bareConfig } from '../../testing/bare-config.ts'
import { collectingLog } from '../support/collecting-log.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { ManualClock } from './host/manual-clock.ts'

const COLLECT_MS = 250

function scene({ max = 100, file = join(tempFolder(), 'engine', 'functions.json') } = {}) {
  const log = { ...collectingLog(), child: () => log, onLine: () => () => {}, flush: () => {} } as never
  const lines = (log as unknown as ReturnType<typeof collectingLog>).lines
  const clock = new ManualClock()
  const now: FunctionName[] = []
  const options = { max }
  const open = (): RememberedFunctions =>
    new RememberedFunctions({ file, current: () => now, max: () => options.max, log, clock })
  return {
    file,
    lines,
    clock,
    now,
    options,
    open,
    /** What a next run would find. */
    left: () => open().ofLastRun(),
    put: (content: string) => {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
    },
  }
}

const name = (id: string, namespace = 'default'): FunctionName => ({ namespace, id })

async function begun(made: ReturnType<typeof scene>): Promise<RememberedFunctions> {
  const remembered = made.open()
  await remembered.ofLastRun()
  remembered.begin()
  return remembered
}

it('is written a moment after a change, with what there is by then, and is what the next run finds', async () => {
  const made = scene()
  const remembered = await begun(made)
  made.now.push(name('a::b'))
  remembered.changed()
  await made.clock.pass(COLLECT_MS - 1)
  expect(existsSync(made.file)).toBe(false)
  made.now.push(name('c::d', 'shop'), name('a::c'), name('toString', '__proto__'))
  remembered.changed()
  await made.clock.pass(1)
  await expect
    .poll(made.left)
    .toEqual([name('a::b'), name('a::c'), name('c::d', 'shop'), name('toString', '__proto__')])
  expect(readdirSync(dirname(made.file))).toEqual(['functions.json'])
  expect(made.lines).toEqual([])
})

it('is written once for changes that come while one is written, and not at all for those that change nothing', async () => {
  const made = scene()
  const remembered = await begun(made)
  made.now.push(name('a'))
  await made.clock.pass(COLLECT_MS)
  for (const id of ['b', 'c']) {
    made.now.push(name(id))
    remembered.changed()
  }
  await expect.poll(made.left).toEqual([name('a')])
  await expect.poll(() => made.clock.waiting).toBe(1)
  await made.clock.pass(COLLECT_MS)
  await expect.poll(made.left).toEqual([name('a'), name('b'), name('c')])
  await expect.poll(() => (remembered.changed(), made.clock.waiting)).toBe(1)
  writeFileSync(made.file, 'as it was')
  await made.clock.pass(COLLECT_MS)
  await remembered.close()
  expect(readFileSync(made.file, 'utf8')).toBe('as it was')
})

it('has at the end what there is then; what changes later, as connections end, is not written any more', async () => {
  const made = scene()
  const remembered = await begun(made)
  made.now.push(name('a'))
  const closed = remembered.close()
  made.now.length = 0
  remembered.changed()
  await closed
  expect(made.clock.waiting).toBe(0)
  expect(await made.left()).toEqual([name('a')])
})

it('stays as it is when a start fails before anybody could connect', async () => {
  const made = scene()
  made.put('{"functions":{"default":["a"]}}')
  const remembered = made.open()
  expect(await remembered.ofLastRun()).toEqual([name('a')])
  remembered.changed()
  await remembered.close()
  expect(await made.left()).toEqual([name('a')])
})

it.each([
  ['nothing', ''],
  ['half of it', '{"functions":{"default":["a"'],
  ['another shape', '{"functions":["a"]}'],
  ['ids of another type', '{"functions":{"default":["a",1]}}'],
  ['an empty id', '{"functions":{"default":[""]}}'],
  ['bytes', '\u0000\ufffd'],
  ['more than is read', JSON.stringify({ functions: { default: ['x'.repeat(MAX_FILE_BYTES)] } })],
])('of which %s is left counts as none, with a warning, and is replaced', async (_what, content) => {
  const made = scene()
  made.put(content)
  const remembered = made.open()
  expect(await remembered.ofLastRun()).toEqual([])
  expect(made.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('last run are not known') }])
  remembered.begin()
  made.now.push(name('a'))
  await remembered.close()
  expect(await made.left()).toEqual([name('a')])
})

it('holds no more functions than its limit, and says how many it leaves out', async () => {
  const made = scene({ max: 2 })
  const remembered = await begun(made)
  made.now.push(name('a'), name('b'), name('c'), name('d'))
  await remembered.close()
  expect(made.lines).toMatchObject([{ level: 'warn', data: { not_remembered: 2 } }])
  made.options.max = 100
  expect(await made.left()).toEqual([name('a'), name('b')])
  made.options.max = 1
  expect(await made.left()).toEqual([name('a')])
})

it('is not written with the limit 0, and forgets what it had', async () => {
  const made = scene({ max: 0 })
  made.now.push(name('a'))
  await (await begun(made)).close()
  expect(existsSync(made.file)).toBe(false)
  made.put('{"functions":{"default":["a"]}}')
  const remembered = await begun(made)
  await remembered.close()
  made.options.max = 1
  expect(await made.left()).toEqual([])
  expect(made.lines).toEqual([])
})

it('is no larger than what is read', async () => {
  const made = scene()
  const remembered = await begun(made)
  const long = 'é"'.repeat(250_000)
  for (let n = 0; n < 6; n++) made.now.push(name(`${n}${long}`, `namespace ${n}`))
  made.now.push(name('short'))
  await remembered.close()
  const size = readFileSync(made.file).length
  expect(size).toBeGreaterThan(MAX_FILE_BYTES / 2)
  expect(size).toBeLessThanOrEqual(MAX_FILE_BYTES)
  expect(made.lines).toMatchObject([{ level: 'warn', data: { not_remembered: 2 } }])
  made.lines.length = 0
  const left = await made.left()
  expect(left.map(({ id }) => id[0])).toEqual(['0', '1', '2', '3', 's'])
  expect(made.lines).toEqual([])
})

it('that can not be written is warned about once, and holds up nothing', async () => {
  const folder = tempFolder()
  writeFileSync(join(folder, 'engine'), 'a file where the folder would be')
  const made = scene({ file: join(folder, 'engine', 'functions.json') })
  const remembered = made.open()
  expect(await remembered.ofLastRun()).toEqual([])
  made.lines.length = 0
  remembered.begin()
  for (const id of ['a', 'b', 'c']) {
    made.now.push(name(id))
    await expect.poll(() => (remembered.changed(), made.clock.waiting)).toBe(1)
    await made.clock.pass(COLLECT_MS)
  }
  await remembered.close()
  expect(made.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('can not be remembered') }])
})

it('stays while opening an address takes longer than the grace, which begins anew then', async () => {
  const made = scene()
  made.put('{"functions":{"default":["a"]}}')
  const core = new RoutingCore({
    config: bareConfig('.', { restart_grace_ms: 20 }),
    log: createLog({ write: () => {} }),
    healthComponents: () => ({}),
    internalWorkers: () => [],
    rememberIn: made.file,
  })
  onTestFinished(() => core.close())
  const isAwaited = (): boolean => core.router.functions.find('default', 'a')?.grace !== undefined
  await core.awaitWorkers()
  expect(isAwaited()).toBe(true)
  await expect.poll(isAwaited).toBe(false)
  await core.awaitWorkers()
  expect(isAwaited()).toBe(true)
  await expect.poll(isAwaited).toBe(false)
  await core.remembered?.close()
  expect(await made.left()).toEqual([name('a')])
})
