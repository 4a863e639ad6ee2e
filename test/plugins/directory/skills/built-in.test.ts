// Skills of the built-in worker as an engine has it: downloads from a registry of the project, settings that change, sessions.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { connectSdk, failureOf, V11, V22, type Client } from '../../../clients/versions.ts'
import { EngineFolder, LISTENER } from '../../../core/engine/running-engine.ts'
import { put, putImageResize } from '../../../kit/registry/registry-folder.ts'
import { SKILL_EXACT_GRANTS } from '../../../../plugins/directory/skills/about-skills.ts'
import { sessionEngine } from '../../together/session-engine.ts'
import { Collector } from '../../../support/deadline.ts'

const directory = (config: object): string => JSON.stringify({ name: 'iii-directory', config })

async function start(...entries: readonly string[]): Promise<EngineFolder> {
  const folder = new EngineFolder()
  folder.configure(LISTENER, ...entries)
  putImageResize(join(folder.dir, '.iii/registry'))
  await folder.start()
  return folder
}

function caller(client: Client): (id: string, payload?: object) => Promise<any> {
  return (id, payload = {}) => client.trigger({ function_id: `directory::${id}`, payload })
}

/** Resolves when events of the type come. */
async function bound(client: Client, type: string, provoke: () => Promise<unknown>): Promise<Collector<any>> {
  const events = new Collector<any>()
  const function_id = `test::${type.replaceAll(':', '-')}`
  client.registerFunction(function_id, async (event) => {
    events.add(event)
    return null
  })
  client.registerTrigger({ type, function_id, config: {} })
  while (events.items.length === 0) await provoke()
  return events
}

describe.each([V22, V11])('with iii-sdk $name', (version) => {
  test('9. skills of a worker in the registry are brought, and told of by one event', async () => {
    const folder = await start()
    const client = connectSdk(version, folder.url())
    const call = caller(client)
    let n = 0
    const events = await bound(client, 'directory::skills::on-change', () =>
      call('skills::create', { id: `warm/up${n++}`, content: 'Text.' }),
    )
    const answer = await call('skills::download', { worker: 'image-resize' })
    expect(answer).toMatchObject({
      namespace: 'image-resize',
      skills_written: ['image-resize/index.md'],
      prompts_written: ['resize-all'],
      source: { kind: 'registry', worker: 'image-resize', tag: 'latest' },
    })
    expect(existsSync(join(folder.dir, 'skills/image-resize/index.md'))).toBe(true)
    expect((await call('skills::get', { id: 'image-resize' })).title).toBe('Images')
    expect((await call('prompts::list')).prompts).toMatchObject([
      { name: 'resize-all', description: 'Resize all of them' },
    ])
    await call('skills::create', { id: 'last/one', content: 'Text.' })
    await expect.poll(() => events.items.at(-1)).toMatchObject({ id: 'last/one' })
    expect(events.items.filter(({ op }) => op === 'download')).toEqual([
      { op: 'download', namespace: 'image-resize', source: 'registry' },
    ])
    expect(events.items.filter(({ op }) => op === 'external')).toEqual([])

    const both = await failureOf(call('skills::download', { repo: 'https://x/y', skill: 'a', worker: 'image-resize' }))
    expect(both.message).toContain('not both')
    expect(await failureOf(call('skills::download', { worker: 'image-resise' }))).toMatchObject({
      code: 'D310',
      message: expect.stringContaining('image-resize'),
    })
  })
})

test('an overview that is called SKILL.md comes under that name', async () => {
  const folder = await start()
  put(join(folder.dir, '.iii/registry'), 'other', '1.0.0', {
    files: { 'skills/SKILL.md': '# Other', 'skills/deep/a.md': '# A' },
  })
  const call = caller(connectSdk(V22, folder.url()))
  await call('skills::download', { worker: 'other', version: '1.0.0' })
  expect(readdirSync(join(folder.dir, 'skills/other')).sort()).toEqual(['SKILL.md', 'deep'])
})

test('another folder in the settings counts at once, and bindings hear of what happens there', async () => {
  const folder = await start()
  const client = connectSdk(V22, folder.url())
  const call = caller(client)
  let n = 0
  const events = await bound(client, 'directory::skills::on-change', () =>
    call('skills::create', { id: `warm/up${n++}`, content: 'Text.' }),
  )
  folder.configure(LISTENER, directory({ skills_folder: 'texts', local_skills_folder: 'own' }))
  await folder.logged('configuration reloaded')
  expect(await call('skills::list')).toEqual({ skills: [] })
  folder.write('texts/foo/a.md', '# A')
  await expect.poll(() => events.items).toContainEqual({ op: 'external', changed: ['foo/a'], count: 1 })
  await call('skills::create', { id: 'mine/b', content: 'Text.' })
  expect(existsSync(join(folder.dir, 'own/mine/b.md'))).toBe(true)
})

test('skills of workers that are not installed are hidden once one was, and shown again by a setting', async () => {
  const folder = new EngineFolder()
  folder.configure(LISTENER, directory({}))
  folder.write('iii.lock', 'version: 1\nworkers: {}\n')
  folder.write('skills/iii-state/index.md', 'Built in.')
  folder.write('skills/there/index.md', 'Connected.')
  folder.write('skills/gone/index.md', 'Not installed.')
  await folder.start()
  const client = connectSdk(V22, folder.url(), { workerName: 'there' })
  const call = caller(client)
  const ids = async (): Promise<string[]> => (await call('skills::list')).skills.map(({ id }: { id: string }) => id)
  await expect.poll(ids).toContain('there/index')
  expect(await ids()).not.toContain('gone/index')
  folder.configure(LISTENER, directory({ filter_unregistered: false }))
  await expect.poll(ids).toContain('gone/index')
})

test('a session reads skills by a wildcard, and writes by exact ids only', async () => {
  const { session } = await sessionEngine(['directory::*'])
  expect((await session.call('directory::skills::list', {})).result).toEqual({ skills: [] })
  for (const id of SKILL_EXACT_GRANTS) {
    expect([id, (await session.call(id, {})).error?.code]).toEqual([id, 'FORBIDDEN'])
  }
  const { session: writer } = await sessionEngine(['directory::skills::create'])
  expect((await writer.call('directory::skills::create', { id: 'foo/a', content: 'Text.' })).error).toBeUndefined()
})
