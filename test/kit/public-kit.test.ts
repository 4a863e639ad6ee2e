// A plugin outside of the repository that stands on the kit: the one that the page of the kit shows.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { testHost, type TestHost } from '../core/host/test-host.ts'
import { snippetsOf } from '../docs/snippets.ts'

function notesPlugin(): string {
  const snippet = snippetsOf('docs/reference/kit.md').find(({ kind }) => kind === 'file')
  if (snippet === undefined) throw new Error('The page of the kit shows no plugin.')
  return snippet.text
}

async function startNotes(options: Parameters<typeof testHost>[0] = {}): Promise<TestHost> {
  const host = testHost(options)
  host.write('plugins/notes.ts', notesPlugin())
  const listener = `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({
  name: 'listener',
  start({ iii }) {
    const heard = []
    iii.registerFunction('listener::hear', (event) => void heard.push(event))
    iii.registerFunction('listener::heard', () => heard)
    iii.registerFunction('listener::wants', ({ title }) => title !== 'dull')
    iii.registerTrigger({
      type: 'notes:added',
      function_id: 'listener::hear',
      config: { list: 'shopping', condition_function_id: 'listener::wants' },
    })
  },
})
`
  host.write('plugins/listener.ts', listener)
  await host.start({ name: 'notes' }, { name: 'listener' })
  return host
}

const add = (host: TestHost, list: string, title: string, note: unknown): Promise<unknown> =>
  host.call('notes::add', { list, title, note })

describe('a plugin that imports iii-host/kit', () => {
  test('keeps its data in a store of its own, over a reload', async () => {
    const host = await startNotes()
    await add(host, 'shopping', 'milk', { litres: 1.5 })
    expect(await host.call('notes::list', { list: 'shopping' })).toEqual([{ litres: 1.5 }])
    await host.host.reload('notes')
    expect(await host.row('notes')).toMatchObject({ state: 'running', generation: 2 })
    await add(host, 'shopping', 'bread', 2)
    expect(await host.call('notes::list', { list: 'shopping' })).toEqual([{ litres: 1.5 }, 2])
  })

  test('fires its own trigger type, with filters and conditions', async () => {
    const host = await startNotes()
    await add(host, 'work', 'milk', 0)
    await add(host, 'shopping', 'dull', 1)
    await add(host, 'shopping', 'milk', 2)
    await expect.poll(() => host.call('listener::heard')).toEqual([{ list: 'shopping', title: 'milk', note: 2 }])
  })

  test('refuses input as built-in functions do', async () => {
    const host = await startNotes()
    await expect(host.call('notes::add', { list: 'shopping', title: 1, note: 1 })).rejects.toMatchObject({
      code: 'deserialization_error',
      message: 'Failed to deserialize input for notes::add: member `title` must be a string, got number 1',
    })
  })

  test('has of the kit what it uses, and no client of Redis', async () => {
    const host = await startNotes({ cold: true })
    const bundles = globSync('cache/**/*.mjs', { cwd: host.folder }).map((file) =>
      readFileSync(join(host.folder, file), 'utf8'),
    )
    const notes = bundles.find((bundle) => bundle.includes('notes::add')) ?? ''
    const held = ['SqliteStore = class', 'AdapterSet = class', 'ioredis', 'yaml-edit'].filter((text) =>
      notes.includes(text),
    )
    expect(held).toEqual(['SqliteStore = class'])
  })
})

test('Redis is loaded from the engine when a plugin connects, and not before', async () => {
  const host = testHost({ cold: true })
  host.write(
    'plugins/far.ts',
    `import { connectRedis } from 'iii-host/kit'
import { definePlugin } from 'iii-host/plugin'
export default definePlugin({
  name: 'far',
  start({ iii, log }) {
    iii.registerFunction('far::connect', async () => {
      const redis = await connectRedis({ url: 'redis://127.0.0.1:1', setting: 'far', log })
      await redis.close()
    })
  },
})
`,
  )
  await host.start({ name: 'far' })
  const [bundle = ''] = globSync('cache/**/*.mjs', { cwd: host.folder })
  expect(readFileSync(join(host.folder, bundle), 'utf8')).toMatch(/import\(['"]file:.*ioredis/)
  await expect(host.call('far::connect')).rejects.toMatchObject({
    message: expect.stringContaining('Redis at 127.0.0.1:1 (far) is not reachable'),
  })
})
