// Which plugins with isolation 'shared' are in one thread: built-in workers among themselves, users' plugins among themselves.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
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
