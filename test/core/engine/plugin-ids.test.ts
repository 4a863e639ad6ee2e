// Who serves the id of a plugin that stops, crashes, fails or goes, while an external worker has the same id
// (design, "Change of generation"; spec 01 §8.6, §8.10).
import { expect, test } from 'vitest'
import type { RawClient } from '../../support/raw-client.ts'
import { EngineFolder, LISTENER, pluginFile } from './running-engine.ts'

const PLUGIN = pluginFile(
  'owner',
  `iii.registerFunction('owned::f', () => 'plugin')
    iii.registerFunction('owner::crash', () => process.exit(1))`,
)

interface Scene {
  readonly folder: EngineFolder
  readonly external: RawClient
  readonly caller: RawClient
  ask(): Promise<unknown>
}

async function scene(engine = ''): Promise<Scene> {
  const folder = new EngineFolder()
  folder.write('plugins/owner.ts', PLUGIN)
  folder.write('iii-config.yaml', `engine: { ${engine} }\nworkers:\n  - ${LISTENER}\n  - { name: owner }\n`)
  await folder.start()
  const [external, caller] = [await folder.connect({ name: 'external' }), await folder.connect({ name: 'caller' })]
  await external.provided('owned::f', () => 'external')
  const ask = async (): Promise<unknown> => {
    const { result, error } = await caller.call('owned::f', {})
    return error?.code ?? result
  }
  return { folder, external, caller, ask }
}

test('While the plugin runs it serves; stopped or removed, the worker does, until the plugin is back', async () => {
  const { folder, external, caller, ask } = await scene()
  expect(await ask()).toBe('plugin')
  await caller.call('engine::plugins::stop', { name: 'owner' })
  expect(await ask()).toBe('external')
  await caller.call('engine::plugins::start', { name: 'owner' })
  expect(await ask()).toBe('plugin')
  folder.configure(LISTENER)
  await folder.logged('configuration reloaded')
  expect(await ask()).toBe('external')
  expect(external.of('registrationrejected')).toEqual([])
})

test('A plugin that crashes keeps its ids: calls wait for it and never reach the worker', async () => {
  const { external, caller, ask } = await scene()
  expect((await caller.call('owner::crash', {})).error?.code).toBe('invocation_stopped')
  const answers = await Promise.all(Array.from({ length: 20 }, ask))
  expect(new Set(answers)).toEqual(new Set(['plugin']))
  expect(external.calls('owned::f')).toEqual([])
})

test('A plugin that has failed keeps its ids: calls wait at its gate, then get plugin_unavailable', async () => {
  const { external, caller, ask } = await scene('crash_budget: 1, gate_ms: 200')
  expect((await caller.call('owner::crash', {})).error?.code).toBe('invocation_stopped')
  await expect
    .poll(
      async () => ((await caller.call('engine::plugins::info', { name: 'owner' })).result as { state: string }).state,
    )
    .toBe('failed')
  expect(await ask()).toBe('plugin_unavailable')
  expect(external.calls('owned::f')).toEqual([])
  await caller.call('engine::plugins::start', { name: 'owner' })
  expect(await ask()).toBe('plugin')
})
