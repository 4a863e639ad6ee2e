// The settings of the directory (spec 05 A.1): which of them count at once, and what follows from them.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RegistrySettings } from '../../../kit/registry/worker-registry.ts'
import type { TriggerBinding } from '../../../sdk/plugin.ts'
import { putImageResize } from '../../kit/registry/registry-folder.ts'
import { stubRegistry } from '../../kit/registry/stub-registry.ts'
import { runDirectory } from './run-directory.ts'

const LIST = 'directory::registry::workers::list'
const SETTINGS = 'directory::registry::settings'

test('the registry changes at once, with its time limits, and what was remembered is forgotten', async () => {
  const [one, other] = await Promise.all(
    ['one', 'other'].map((name) => stubRegistry(() => ({ json: { workers: [{ name }] } }))),
  )
  const { call, host } = await runDirectory({ registry_url: one?.url ?? '' })
  const first = async (): Promise<string> => (await call(LIST, { search: 'zzz' })).workers[0].name
  expect(await first()).toBe('one')
  expect(
    await host.reconfigure({ registry_url: other?.url ?? '', registry_cache_ttl_ms: 0, download_timeout_ms: 9_000 }),
  ).toBe(true)
  expect(await first()).toBe('other')
  await first()
  expect(other?.requests).toHaveLength(2)
  expect(await call<RegistrySettings>(SETTINGS)).toMatchObject({ remote: other?.url, timeoutMs: 9_000, cacheTtlMs: 0 })
  await host.reconfigure({})
  expect((await call(LIST, { search: 'zzz' })).workers).toEqual([])
})

test('the environment wins over the settings, and names further folders', async () => {
  const stub = await stubRegistry(() => ({ json: { workers: [{ name: 'theirs' }] } }))
  const env = { III_API_URL: `${stub.url}/`, III_REGISTRY_PATH: '/a:b' }
  const { call, projectRoot, registry } = await runDirectory({ registry_url: 'http://127.0.0.1:1' }, { env })
  expect((await call(LIST, { search: 'zzz' })).workers[0].name).toBe('theirs')
  expect(await call(SETTINGS)).toEqual({
    projectRoot,
    folders: [registry, '/a', `${projectRoot}/b`],
    remote: stub.url,
    timeoutMs: 60_000,
    cacheTtlMs: 60_000,
  })
})

test.each([
  [{ skills_folder: 'other' }],
  [{ local_skills_folder: 'other' }],
  [{ agents_skills_folder: 'other' }],
  [{ agents_folder: 'other' }],
  [{ auto_download: true }],
])('%j needs a new generation', async (changed) => {
  const { host } = await runDirectory()
  expect(await host.reconfigure(changed)).toBe(false)
})

test('the settings of registries are listed nowhere', async () => {
  const { call } = await runDirectory()
  const { functions } = await call('engine::functions::list', { prefix: 'directory::' })
  const ids = functions.map(({ function_id }: { function_id: string }) => function_id)
  expect(ids).toContain(LIST)
  expect(ids).not.toContain(SETTINGS)
})

test('with auto_download, the skills of a worker that was added from a registry come with it', async () => {
  const { engine, registry, projectRoot } = await runDirectory({ auto_download: true })
  putImageResize(registry)
  const bindings: TriggerBinding[] = []
  const ops = engine.connect({ name: 'ops' })
  ops.registerTriggerType(
    { id: 'worker', description: '' },
    { registerTrigger: (binding) => void bindings.push(binding), unregisterTrigger: () => {} },
  )
  await expect.poll(() => bindings).toHaveLength(1)
  expect(bindings[0]?.config).toEqual({ operations: ['add'], stages: ['done'] })
  const payload = { operation: 'add', stage: 'done', worker: 'image-resize', version: '1.2.0' }
  await ops.trigger({ function_id: bindings[0]?.function_id ?? '', payload })
  expect(readFileSync(join(projectRoot, 'skills/image-resize/index.md'), 'utf8')).toContain('How to resize.')
})

test('the skills of a worker are downloaded from the registry, and one event tells of it', async () => {
  const { call, engine, registry, projectRoot } = await runDirectory()
  putImageResize(registry)
  const events: unknown[] = []
  engine.connect({ name: 'listener' }).registerFunction('test::changed', (event) => void events.push(event))
  await engine.bind({ type: 'directory::skills::on-change', function_id: 'test::changed' })
  const written = await call('directory::skills::download', { worker: 'image-resize' })
  expect(written).toMatchObject({ namespace: 'image-resize', source: { kind: 'registry', worker: 'image-resize' } })
  expect(existsSync(join(projectRoot, 'skills/image-resize/prompts/resize-all.md'))).toBe(true)
  await expect.poll(() => events).toEqual([{ op: 'download', namespace: 'image-resize', source: 'registry' }])
})
