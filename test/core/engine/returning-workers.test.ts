// After a start of the engine, calls of functions that its external workers have not registered again yet wait for them
// (spec 01 §8.10). The grace of these tests is longer than they may take: what is not awaited fails at once.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { engineFolder, type EngineFolder as ProcessFolder } from '../../support/engine-process.ts'
import { RawClient } from '../../support/raw-client.ts'
import { EngineFolder, LISTENER } from './running-engine.ts'

const FILE = 'data/engine/functions.json'

let folder: EngineFolder
let processes: ProcessFolder | undefined

afterEach(async () => {
  await processes?.remove()
  processes = undefined
})

async function started(options = 'restart_grace_ms: 600000'): Promise<EngineFolder> {
  folder = new EngineFolder()
  folder.write('iii-config.yaml', `engine: { ${options} }\nworkers:\n  - ${LISTENER}\n`)
  await folder.start({ watch: false })
  return folder
}

async function restarted(): Promise<void> {
  await folder.engine.close()
  await folder.start({ watch: false })
}

/** The functions in the file, by namespace. */
function remembered(dir = folder.dir): unknown {
  const file = join(dir, FILE)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { functions: unknown }).functions : undefined
}

test('calls wait for the workers that were there when the engine ended, in each of their namespaces', async () => {
  await started()
  const [here, shop] = [await folder.connect(), await folder.connect({ namespace: 'shop', name: 'shop' })]
  await here.provided('a::f')
  await shop.provided('a::g')
  await restarted()
  const caller = await folder.connect()
  const first = caller.call('a::f', { n: 1 })
  const second = caller.call('a::g', { n: 2 }, { namespace: 'shop' })
  await caller.settled()
  const info = await caller.call('engine::functions::info', { function_id: 'a::f' })
  expect(info.result).toMatchObject({ held_calls: 1 })
  expect((await caller.call('a::g', {})).error?.code).toBe('function_not_found')
  const [hereAgain, shopAgain] = [await folder.connect(), await folder.connect({ namespace: 'shop', name: 'shop' })]
  hereAgain.provide('a::f', ({ n }: { n: number }) => n * 10)
  shopAgain.provide('a::g', ({ n }: { n: number }) => n * 100)
  expect([(await first).result, (await second).result]).toEqual([10, 200])
})

test('workers that left on purpose are not waited for', async () => {
  await started()
  const [leaves, drops, stays] = [await folder.connect(), await folder.connect(), await folder.connect()]
  await leaves.provided('a::left')
  await drops.provided('a::dropped')
  await stays.provided('a::stays')
  await leaves.close()
  drops.send({ type: 'unregisterfunction', id: 'a::dropped' })
  await drops.settled()
  await restarted()
  const caller = await folder.connect()
  for (const id of ['a::left', 'a::dropped']) expect((await caller.call(id, {})).error?.code).toBe('function_not_found')
  expect(remembered()).toEqual({ default: ['a::stays'] })
})

test('who has not come back within the grace is forgotten', async () => {
  await started('restart_grace_ms: 50')
  await (await folder.connect()).provided('a::f')
  await restarted()
  const caller = await folder.connect()
  expect((await caller.call('a::f', {})).error?.code).toBe('function_not_found')
  await expect.poll(() => remembered()).toEqual({})
})

test('ids are remembered over a second restart that comes before their workers', async () => {
  await started()
  await (await folder.connect()).provided('a::f')
  await restarted()
  await restarted()
  const caller = await folder.connect()
  const answer = caller.call('a::f', {})
  const back = await folder.connect()
  back.provide('a::f', () => 'back')
  expect((await answer).result).toBe('back')
})

test('with remember_functions: 0 nothing is written and nobody is waited for', async () => {
  await started('restart_grace_ms: 600000, remember_functions: 0')
  await (await folder.connect()).provided('a::f')
  await restarted()
  const caller = await folder.connect()
  expect((await caller.call('a::f', {})).error?.code).toBe('function_not_found')
  expect(remembered()).toBeUndefined()
})

test('a broken file is told in the log, and the engine starts', async () => {
  await started()
  await (await folder.connect()).provided('a::f')
  await folder.engine.close()
  writeFileSync(join(folder.dir, FILE), '{"functions":')
  await folder.start({ watch: false })
  expect(await folder.logged('last run are not known')).toMatchObject({ level: 'warn' })
  const caller = await folder.connect()
  expect((await caller.call('a::f', {})).error?.code).toBe('function_not_found')
})

test('an engine that is killed leaves them as well', async () => {
  const made = (processes = await engineFolder(''))
  const first = await made.start({ args: ['--no-watch'] })
  const worker = await RawClient.connect(made.url)
  await worker.provided('a::f')
  await expect.poll(() => remembered(made.dir)).toEqual({ default: ['a::f'] })
  await first.kill()
  const second = await made.start({ args: ['--no-watch'] })
  const caller = await RawClient.connect(made.url)
  const answer = caller.call('a::f', {})
  const back = await RawClient.connect(made.url)
  back.provide('a::f', () => 'back')
  expect((await answer).result).toBe('back')
  await second.stop()
})
