// Skills in a whole engine, called by the unmodified SDKs: listing, reading, writing, events, reloads, sessions, and a kill in the midst.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connectSdk, failureOf, V11, V22 } from '../../../clients/versions.ts'
import { EngineFolder, LISTENER } from '../../../core/engine/running-engine.ts'
import { Collector } from '../../../support/deadline.ts'
import { engineFolder } from '../../../support/engine-process.ts'

const ENTRY = '{ name: iii-directory }'

async function start(): Promise<EngineFolder> {
  const folder = new EngineFolder()
  folder.configure(LISTENER, ENTRY)
  await folder.start()
  return folder
}

describe.each([V22, V11])('with iii-sdk $name', (version) => {
  test('skills are listed, read, made and deleted, and their changes told', async () => {
    const folder = await start()
    folder.write('skills/foo/index.md', '---\ntitle: T\ntype: index\n---\n\nText.\n')
    const client = connectSdk(version, folder.url())
    const call = (id: string, payload: object = {}): Promise<any> =>
      client.trigger({ function_id: `directory::${id}`, payload })
    expect((await call('skills::list')).skills).toMatchObject([{ id: 'foo/index', title: 'T', type: 'index' }])
    for (const id of ['iii://foo/index.md', 'foo']) {
      expect(await call('skills::get', { id })).toMatchObject({ id: 'foo/index', body: 'Text.\n' })
    }
    expect((await call('skills::index')).body).toContain('## T')
    const failure = await failureOf(call('skills::get', { id: 'foo/idx' }))
    expect(failure).toMatchObject({ code: 'D110' })
    expect(failure.message).toContain('Did you mean: foo/index')

    const events = new Collector<unknown>()
    client.registerFunction('test::changed', async (event) => {
      events.add(event)
      return null
    })
    client.registerTrigger({ type: 'directory::skills::on-change', function_id: 'test::changed', config: {} })
    // The binding counts once an event of it has come.
    for (let n = 0; events.items.length === 0; n++) {
      await call('skills::create', { id: `foo/first${n}`, content: 'Text.' })
      await call('skills::delete', { id: `foo/first${n}` })
    }
    await call('skills::create', { id: 'foo/a', content: '# A\n\nText.' })
    await expect.poll(() => events.items).toContainEqual({ op: 'create', namespace: 'foo', id: 'foo/a' })
    folder.write('skills/foo/b.md', 'By hand.')
    await expect.poll(() => events.items).toContainEqual({ op: 'external', changed: ['foo/b'], count: 1 })
    expect(await call('skills::delete', { id: 'foo/a' })).toEqual({ id: 'foo/a' })
  })
})

test('bindings hear of changes after a reload of the plugin, which loses no call', async () => {
  const folder = await start()
  const client = connectSdk(V22, folder.url())
  const events = new Collector<any>()
  client.registerFunction('test::changed', async (event) => {
    events.add(event)
    return null
  })
  client.registerTrigger({ type: 'directory::skills::on-change', function_id: 'test::changed', config: {} })
  const create = (n: number): Promise<unknown> =>
    client.trigger({ function_id: 'directory::skills::create', payload: { id: `foo/s${n}`, content: 'Text.' } })
  let made = 0
  while (events.items.length === 0) await create(made++)
  const during = Array.from({ length: 30 }, () => create(made++))
  await folder.engine.call('engine::plugins::reload', { name: 'iii-directory' })
  await Promise.all(during)
  expect(readdirSync(join(folder.dir, 'skills/foo'))).toHaveLength(made)
  await create(made)
  await expect.poll(() => events.items.some(({ id }) => id === `foo/s${made}`)).toBe(true)
})

test(
  'an engine that is killed while it writes leaves whole files, and goes on after a restart',
  { timeout: 60_000 },
  async () => {
    const folder = await engineFolder(`  - ${ENTRY}\n`)
    onTestFinished(() => folder.remove())
    const text = (n: number): string => `${n} `.padStart(10).repeat(20_000)
    for (let round = 0; round < 3; round++) {
      const engine = await folder.start()
      const client = V22.connect(folder.url)
      const call = (id: string, payload: object): Promise<any> =>
        client.trigger({ function_id: `directory::skills::${id}`, payload })
      let acknowledged = -1
      const writing = (async () => {
        for (let n = 0; ; n++) {
          await call(round === 0 && n === 0 ? 'create' : 'update', { id: 'foo/a', content: text(n) })
          acknowledged = n
        }
      })().catch(() => {})
      await expect.poll(() => acknowledged, { interval: 1 }).toBeGreaterThan(10 + round)
      await engine.kill()
      const last = acknowledged
      const file = readFileSync(join(folder.dir, 'skills/foo/a.md'), 'utf8')
      expect([text(last), text(last + 1)].includes(file)).toBe(true)
      void writing
      await client.shutdown()
    }
    await folder.start()
    const client = connectSdk(V22, folder.url)
    const { skills } = await client.trigger({ function_id: 'directory::skills::list', payload: {} })
    expect(skills).toMatchObject([{ id: 'foo/a', bytes: text(0).length }])
  },
)
