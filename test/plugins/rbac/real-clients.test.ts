// The unmodified SDKs on a public listener of a whole engine (spec 04, checks 1, 2, 16, 20, 22; 02 §6.1).
import { describe, expect, it, test } from 'vitest'
import { EngineFolder, LISTENER } from '../../core/engine/running-engine.ts'
import { connectSdk, failureOf, V11, V22, type Client } from '../../clients/versions.ts'

const EXPOSE = `expose_functions: ['match("todos::*")']`
const publicListener = (more = ''): string =>
  `{ name: iii-worker-manager, config: { port: 0, rbac: { ${EXPOSE}${more} } } }`

async function engine(more?: string): Promise<EngineFolder> {
  const folder = new EngineFolder()
  folder.configure(LISTENER, publicListener(more), '{ name: iii-stream, config: { port: 0 } }')
  await folder.start({ watch: false })
  return folder
}

/** Answers as soon as it is connected. */
async function ready(client: Client): Promise<void> {
  const log = (): Promise<unknown> =>
    client.trigger({ function_id: 'engine::log::debug', payload: { message: 'here' }, timeoutMs: 500 }).catch(String)
  await expect.poll(log, { timeout: 10_000 }).not.toEqual(expect.any(String))
}

describe.each([V22, V11])('iii-sdk $name', (version) => {
  it('calls what a listener exposes, and nothing else', async () => {
    const folder = await engine()
    const inside = connectSdk(version, folder.url())
    inside.registerFunction('todos::list', async () => ['milk'])
    inside.registerFunction('secrets::read', async () => 'leaked')
    await ready(inside)
    const outside = connectSdk(version, folder.url(1))
    expect(await outside.trigger({ function_id: 'todos::list', payload: {} })).toEqual(['milk'])
    expect(await failureOf(outside.trigger({ function_id: 'secrets::read', payload: {} }))).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining("function 'secrets::read' not allowed (add to rbac.expose_functions)"),
    })
    expect(await failureOf(outside.trigger({ function_id: 'no::such', payload: {} }))).toMatchObject({
      code: 'FORBIDDEN',
    })
  })

  it('two sessions with prefixes bind the same id to a stream, and each gets the changes under its own', async () => {
    const folder = await engine(', auth_function_id: gate::auth')
    const inside = connectSdk(version, folder.url())
    inside.registerFunction('gate::auth', async ({ query_params: { token } }: any) => {
      if (token === undefined) throw new Error('a token is needed')
      return { function_registration_prefix: `user-${token[0]}`, allowed_trigger_types: ['stream'] }
    })
    inside.registerFunction('todos::add', async ({ title }: any) => {
      const item = { stream_name: 'todos', group_id: 'all', item_id: title, data: { title } }
      await inside.trigger({ function_id: 'stream::set', payload: item })
    })
    await ready(inside)
    const heard: [string, string][] = []
    const sessions = ['a', 'b'].map((token) => {
      const session = connectSdk(version, `${folder.url(1)}/?token=${token}`)
      session.registerFunction('ui::on-change', async ({ event }: any) => void heard.push([token, event.data.title]))
      session.registerTrigger({ type: 'stream', function_id: 'ui::on-change', config: { stream_name: 'todos' } })
      session.registerTrigger({ type: 'cron', function_id: 'ui::on-change', config: { expression: '* * * * * *' } })
      return session
    })
    await Promise.all(sessions.map(ready))
    const bound = async (): Promise<unknown> => {
      const { registered_triggers: rows } = await inside.trigger({
        function_id: 'engine::registered-triggers::list',
        payload: { search: 'ui::' },
      })
      return rows.map((row: any) => [row.trigger_type, row.function_id]).sort()
    }
    await expect.poll(bound).toEqual([
      ['stream', 'user-a::ui::on-change'],
      ['stream', 'user-b::ui::on-change'],
    ])
    await sessions[0]!.trigger({ function_id: 'todos::add', payload: { title: 'milk' } })
    await expect
      .poll(() => [...heard].sort())
      .toEqual([
        ['a', 'milk'],
        ['b', 'milk'],
      ])
    await sessions[1]!.shutdown()
    await expect.poll(bound).toEqual([['stream', 'user-a::ui::on-change']])
  })

  it('is refused and tries again, and gets in when the auth function lets it', async () => {
    const folder = await engine(', auth_function_id: gate::auth')
    const inside = connectSdk(version, folder.url())
    let asked = 0
    inside.registerFunction('gate::auth', async () => {
      if (++asked < 3) throw new Error('not yet')
      return {}
    })
    inside.registerFunction('todos::list', async () => ['milk'])
    await ready(inside)
    const outside = connectSdk(version, folder.url(1))
    await ready(outside)
    expect(asked).toBe(3)
    expect(await outside.trigger({ function_id: 'todos::list', payload: {} })).toEqual(['milk'])
  })

  it('sends and receives by channels on the public port', async () => {
    const folder = await engine()
    const inside = connectSdk(version, folder.url())
    inside.registerFunction('todos::export', async ({ writer }: any) => {
      writer.stream.end(Buffer.alloc(100_000, 'x'))
      return 'sent'
    })
    await ready(inside)
    const outside = connectSdk(version, folder.url(1))
    await ready(outside)
    const { reader, writerRef } = await version.channel(outside)
    const all = reader.readAll()
    expect(await outside.trigger({ function_id: 'todos::export', payload: { writer: writerRef } })).toBe('sent')
    expect((await all).length).toBe(100_000)
  })
})

test.each([
  ['the old style', 'modules:\n', 'class: modules::worker::WorkerModule'],
  ['the new style', 'workers:\n', 'name: iii-worker-manager'],
])('two listeners written in %s share one registry', async (_style, list, entry) => {
  const folder = new EngineFolder()
  folder.write(
    'iii-config.yaml',
    `${list}  - ${entry}\n    config: { port: 0 }\n  - ${entry}\n    config: { port: 0, rbac: { expose_functions: ['match("todos::list")'] } }\n`,
  )
  await folder.start({ watch: false })
  const inside = connectSdk(V22, folder.url())
  inside.registerFunction('todos::list', async () => ['milk'])
  inside.registerFunction('todos::listen', async () => 'not exposed')
  await ready(inside)
  const outside = connectSdk(V11, folder.url(1))
  expect(await outside.trigger({ function_id: 'todos::list', payload: {} })).toEqual(['milk'])
  expect(await failureOf(outside.trigger({ function_id: 'todos::listen', payload: {} }))).toMatchObject({
    code: 'FORBIDDEN',
  })
})
