// The directory in a whole engine, asked by the clients of iii over a socket (spec 05 A.2, A.3, check 1).
import { join } from 'node:path'
import { registerWorker } from 'iii-sdk'
import { registerWorker as registerOldWorker } from 'iii-sdk-0-11'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EngineFolder, LISTENER } from '../../core/engine/running-engine.ts'
import { put, putImageResize } from '../../kit/registry/registry-folder.ts'
import { stubRegistry } from '../../kit/registry/stub-registry.ts'

const LIST = 'directory::registry::workers::list'
const INFO = 'directory::registry::workers::info'

interface Client {
  trigger(request: { function_id: string; payload: unknown }): Promise<any>
  shutdown(): Promise<void>
}

async function started(...entries: string[]): Promise<EngineFolder> {
  const folder = new EngineFolder()
  folder.configure(LISTENER, ...entries)
  putImageResize(join(folder.dir, '.iii', 'registry'))
  await folder.start({ watch: false })
  return folder
}

describe.each([
  ['0.22', registerWorker],
  ['0.11', registerOldWorker],
])('a client of iii %s', (_version, register) => {
  test('finds the functions of the directory, a worker, and what it offers', async () => {
    const folder = await started()
    const iii = register(folder.url(), { workerName: 'agent' }) as unknown as Client
    onTestFinished(() => iii.shutdown())
    const call = (function_id: string, payload: unknown = {}) => iii.trigger({ function_id, payload })
    const { functions } = await call('engine::functions::list', { prefix: 'directory::' })
    const ids = functions.map(({ function_id }: { function_id: string }) => function_id)
    expect(ids).toEqual(expect.arrayContaining([LIST, INFO, 'directory::search_functions']))
    expect((await call(LIST, { search: 'image resize' })).workers[0].name).toBe('image-resize')
    const info = await call(INFO, { name: 'image-resize' })
    expect(info.api_reference.functions[0].name).toBe('image::resize')
    expect(info.skills_tree.skills[0].path).toBe('index.md')
    expect(info.readme).toBe('# image-resize\n')
    await expect(call(INFO, { name: 'nope' })).rejects.toThrow(/D310 not_found/)
    const found = await call('directory::search_functions', { capabilities: ['resize an image'] })
    expect(found.installable[0].install.function).toBe('worker::add')
  })
})

describe('the names under which older agents ask the engine', () => {
  test.each([
    ['functions::list', { prefix: 'state::' }],
    ['functions::info', { function_id: 'state::set' }],
    ['workers::info', { name: 'iii-state' }],
    ['triggers::list', {}],
    ['triggers::info', { id: 'state' }],
    ['registered-triggers::list', {}],
  ])('%s answers as the engine does', async (tail, payload) => {
    const folder = await started('{ name: iii-state }')
    const client = await folder.connect({ name: 'agent' })
    const { result, error } = await client.call(`directory::engine::${tail}`, payload)
    expect(error).toBeUndefined()
    expect(result).toEqual((await client.call(`engine::${tail}`, payload)).result)
  })

  test('workers::list, too; and what the engine refuses is refused in its words', async () => {
    const folder = await started()
    const client = await folder.connect({ name: 'agent' })
    const { result } = (await client.call('directory::engine::workers::list', null)) as {
      result: { workers: { name: string }[] }
    }
    expect(result.workers.map(({ name }) => name)).toContain('agent')
    for (const [tail, payload] of [
      ['functions::info', { function_id: 'no::such' }],
      ['registered-triggers::info', { id: 'none' }],
      ['triggers::info', {}],
    ] as const) {
      const { error } = await client.call(`directory::engine::${tail}`, payload)
      expect(error).toEqual((await client.call(`engine::${tail}`, payload)).error)
    }
  })
})

test('a session reaches what sees all of the engine by an exact grant alone', async () => {
  const rbac = (...grants: string[]) =>
    `{ name: iii-worker-manager, config: { port: 0, rbac: { expose_functions: [${grants.map((grant) => `match("${grant}")`).join(', ')}] } } }`
  const folder = new EngineFolder()
  folder.configure(LISTENER, rbac('directory::*'), rbac('directory::*', 'directory::search_functions'))
  await folder.start({ watch: false })
  const wide = await folder.connect({ listener: 1 })
  const exact = await folder.connect({ listener: 2 })
  const search = ['directory::search_functions', { capabilities: ['x'] }] as const
  expect((await wide.call(LIST, {})).error).toBeUndefined()
  expect((await wide.call(...search)).error).toMatchObject({ code: 'FORBIDDEN' })
  for (const id of [
    'directory::engine::functions::list',
    'directory::registry::settings',
    'directory::skills::on-worker-added',
  ])
    expect((await wide.call(id, {})).error).toMatchObject({ code: 'FORBIDDEN' })
  expect((await exact.call(...search)).error).toBeUndefined()
})

test('the registry is set while the engine runs, and stays set', async () => {
  const stub = await stubRegistry(({ path }) =>
    path === '/w' ? { json: { workers: [{ name: 'theirs' }] } } : { status: 404 },
  )
  const folder = await started()
  const client = await folder.connect({ name: 'agent' })
  const names = async (): Promise<string[]> => {
    const { result } = (await client.call(LIST, { search: 'zzz' })) as { result: { workers: { name: string }[] } }
    return result.workers.map(({ name }) => name)
  }
  expect(await names()).toEqual([])
  const { error } = await client.call('configuration::set', { id: 'iii-directory', value: { registry_url: stub.url } })
  expect(error).toBeUndefined()
  await expect.poll(names).toEqual(['theirs'])
  const refused = await client.call('configuration::set', { id: 'iii-directory', value: { registry_url: 'host:80' } })
  expect(refused.error).toMatchObject({ code: 'SCHEMA_INVALID' })
  expect(await names()).toEqual(['theirs'])
})

test('many who ask at once get whole answers', async () => {
  const folder = await started()
  for (let at = 0; at < 200; at++) put(join(folder.dir, '.iii', 'registry'), `bulk-${at}`, '1.0.0')
  const client = await folder.connect({ name: 'agent' })
  const asked = Array.from({ length: 40 }, (_, at) =>
    client.call(at % 2 === 0 ? LIST : INFO, at % 2 === 0 ? { search: 'bulk' } : { name: `bulk-${at}` }),
  )
  for (const { error } of await Promise.all(asked)) expect(error).toBeUndefined()
})
