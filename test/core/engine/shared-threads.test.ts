// Which plugins with isolation 'shared' are in one thread: built-in workers among themselves, users' plugins among themselves.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { EngineFolder, LISTENER, pluginFile } from './running-engine.ts'

const SHARED = `isolation: 'shared',`

async function threads(folder: EngineFolder): Promise<Record<string, number>> {
  const { plugins } = (await folder.engine.call('engine::plugins::list')) as {
    plugins: { name: string; thread: number }[]
  }
  return Object.fromEntries(plugins.map(({ name, thread }) => [name, thread]))
}

test('A plugin of a user, also in the place of a built-in worker, shares no thread with built-in workers', async () => {
  const folder = new EngineFolder()
  folder.write('plugins/mine.ts', pluginFile('mine', '', SHARED))
  folder.write('plugins/iii-cron.ts', pluginFile('iii-cron', '', SHARED))
  folder.configure(LISTENER, '{ name: iii-pubsub }', '{ name: iii-cron }', '{ name: mine }')
  await folder.start()
  const { 'iii-pubsub': pubsub, configuration, 'iii-cron': cron, mine } = await threads(folder)
  expect(configuration).toBe(pubsub)
  expect(cron).toBe(mine)
  expect(mine).not.toBe(pubsub)
})

test('The thread that comes up ahead of the built-in workers ends where none of them shares it', async () => {
  let running = 0
  const begins = (thread: Worker): void => {
    running++
    thread.once('exit', () => running--)
  }
  process.on('worker', begins)
  onTestFinished(() => void process.off('worker', begins))
  const folder = new EngineFolder()
  const alone = ['configuration', 'iii-directory', 'iii-http-functions', 'iii-worker-ops'].map(
    (name) => `{ name: ${name}, isolation: thread }`,
  )
  folder.configure(LISTENER, ...alone, '{ name: iii-http, config: { port: 0 } }')
  await folder.start()
  const used = new Set(Object.values(await threads(folder)).filter((thread) => thread !== null))
  await expect.poll(() => running).toBe(used.size)
  expect(used.size).toBe(5)
})

test('Built-in workers answer while a plugin blocks the thread that it shares with others', async () => {
  const folder = new EngineFolder()
  const [go, begun] = [join(folder.dir, 'go'), join(folder.dir, 'begun')]
  const block = `const { existsSync, writeFileSync } = await import('node:fs')
    const cell = new Int32Array(new SharedArrayBuffer(4))
    iii.registerFunction('mine::block', () => {
      writeFileSync('${begun}', '')
      while (!existsSync('${go}')) Atomics.wait(cell, 0, 0, 2)
      return 'done'
    })`
  folder.write('plugins/mine.ts', pluginFile('mine', block, SHARED))
  folder.configure(LISTENER, '{ name: iii-pubsub }', '{ name: mine }')
  await folder.start()
  const blocked = folder.engine.call('mine::block')
  await expect.poll(() => existsSync(begun)).toBe(true)
  const published = folder.engine.call('publish', { topic: 't', data: 1 }, { timeoutMs: 5_000 })
  const answer = await published.then(() => 'answered', String)
  writeFileSync(go, '')
  expect(answer).toBe('answered')
  expect(await blocked).toBe('done')
})

const STATE = '{ name: iii-state, config: { adapter: { name: kv, config: { file_path: ./data/state } } } }'
const QUEUE = '{ name: iii-queue, config: { adapter: { name: builtin, config: { store_method: in_memory } } } }'

test('State leaves the shared thread once it and another one there are busy, and no call is lost', async () => {
  const folder = new EngineFolder()
  folder.configure(LISTENER, STATE, QUEUE, '{ name: iii-cron }')
  await folder.start()
  const { 'iii-state': before, 'iii-queue': queue, 'iii-cron': cron } = await threads(folder)
  expect([before, queue]).toEqual([cron, cron])
  const worker = await folder.connect()
  await worker.provided('jobs::take', () => null)
  let hasLeft = false
  void folder.logged("plugin 'iii-state' goes into a thread of its own").then(() => (hasLeft = true))
  let count = 0
  // Some more after it has left: the calls that waited at the gate are answered before these.
  for (let left = 3; left > 0; left -= hasLeft ? 1 : 0) {
    const sets = Array.from({ length: 64 }, () => {
      const ops = [{ type: 'increment', path: 'n', by: 1 }]
      return folder.engine.call('state::update', { scope: 's', key: 'k', ops })
    })
    const jobs = Array.from({ length: 64 }, () => {
      return worker.call('jobs::take', {}, { action: { type: 'enqueue', queue: 'default' } })
    })
    count += sets.length
    await Promise.all([...sets, ...jobs])
  }
  expect(await folder.engine.call('state::get', { scope: 's', key: 'k' })).toEqual({ n: count })
  await expect.poll(async () => (await threads(folder))['iii-state']).not.toBe(cron)
  expect((await threads(folder))['iii-queue']).toBe(cron)
})

test.each([
  ['in memory', '{ name: iii-state, config: { adapter: { name: kv, config: { store_method: in_memory } } } }'],
  ['with isolation: thread', '{ name: iii-state, isolation: thread }'],
])('State %s has a thread of its own from the start', async (_how, state) => {
  const folder = new EngineFolder()
  folder.configure(LISTENER, state, '{ name: iii-cron }')
  await folder.start()
  const found = await threads(folder)
  expect(found['iii-state']).not.toBe(found['iii-cron'])
})
