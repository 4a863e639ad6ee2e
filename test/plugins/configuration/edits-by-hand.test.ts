// Files edited while the engine runs (spec 04 A.9.3, check 14): the same path as configuration::set.
import { readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { CodedError } from '../../../protocol/errors.ts'
import { runConfiguration, type RunningConfiguration } from './run-plugin.ts'

const DEMO = { type: 'object', required: ['port'], properties: { port: { type: 'integer' } } }
let run: RunningConfiguration

beforeEach(async () => {
  run = await runConfiguration()
})

const path = (id: string) => join(run.folder, 'config', `${id}.yaml`)

/** As an editor saves: by renaming over the file. */
function edit(id: string, text: string): void {
  const swap = join(run.folder, 'config', '.swap')
  writeFileSync(swap, text)
  renameSync(swap, path(id))
}

test('An edit fires once, with values expanded', async () => {
  await run.register('demo', { schema: DEMO, initial_value: { port: 1 } })
  const events = await run.collect({ configuration_id: 'demo' })
  edit('demo', 'id: demo\nname: Mine\nvalue: { port: "${DP:2}" }\n')
  expect(await events.take(1)).toMatchObject([
    { event_type: 'configuration:updated', name: 'Mine', old_value: { port: 1 }, new_value: { port: 2 }, schema: DEMO },
  ])
  expect(await run.get('demo')).toEqual({ port: 2 })
  await run.set('demo', { port: 3 })
  expect((await events.take(2))[1]).toMatchObject({ old_value: { port: 2 }, new_value: { port: 3 } })
})

test('An edit that does not fit changes nothing, fires nothing, and is warned about without its value', async () => {
  await run.register('demo', { schema: DEMO, initial_value: { port: 1 } })
  const events = await run.collect()
  edit('demo', 'id: demo\nvalue: { port: hunter2 }\n')
  await vi.waitFor(() => expect(run.warnings.length).toBe(1), 3_000)
  expect(run.warnings).toEqual([
    "The change of configuration 'demo' is refused, the previous value stays in force: /port must be integer",
  ])
  edit('demo', 'id: demo\nvalue: { port: "${NOPE_E}" }\n')
  await vi.waitFor(() => expect(run.warnings.length).toBe(2), 3_000)
  expect(run.warnings[1]).toContain('unset environment variable(s) with no default: NOPE_E')
  expect(await run.get('demo')).toEqual({ port: 1 })
  edit('demo', 'id: demo\nvalue: { port: 2 }\n')
  expect(await events.take(1)).toMatchObject([{ old_value: { port: 1 }, new_value: { port: 2 } }])
})

test('A new file is an entry, and a removed one is none any more', async () => {
  const events = await run.collect()
  edit('hand', 'id: hand\nvalue: 1\n')
  await events.take(1)
  edit('hand', 'id: hand\nvalue: 2\n')
  await events.take(2)
  unlinkSync(path('hand'))
  expect(
    (await events.take(3)).map(({ event_type, old_value, new_value }) => [event_type, old_value, new_value]),
  ).toEqual([
    ['configuration:registered', null, 1],
    ['configuration:updated', 1, 2],
    ['configuration:deleted', 2, null],
  ])
  await expect(run.get('hand')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('The settings of a plugin are applied before they count, and what it refuses does not', async () => {
  await run.plugin('iii-state', { config: { max_value_bytes: 5 } })
  await run.set('iii-state', { max_value_bytes: 6 })
  const events = await run.collect()
  edit('iii-state', readFileSync(path('iii-state'), 'utf8').replace(': 6', ': 7'))
  expect(await events.take(1)).toMatchObject([{ old_value: { max_value_bytes: 6 }, new_value: { max_value_bytes: 7 } }])
  expect(run.applied.at(-1)?.config).toEqual({ max_value_bytes: 7 })
  run.onApply = () => {
    throw new CodedError('PLUGIN_START_FAILED', 'port 3112 is in use')
  }
  edit('iii-state', readFileSync(path('iii-state'), 'utf8').replace(': 7', ': 8'))
  await vi.waitFor(() => expect(run.warnings).toEqual([expect.stringContaining('port 3112 is in use')]), 3_000)
  expect(await run.get('iii-state')).toEqual({ max_value_bytes: 7 })
  expect((await run.resolve('iii-state', { max_value_bytes: 5 })).value).toEqual({ max_value_bytes: 7 })
})

test('A file made by hand for a running plugin counts, also after a restart', async () => {
  await run.plugin('iii-state', { config: { max_value_bytes: 5 } })
  const events = await run.collect()
  edit('iii-state', 'id: iii-state\nvalue: { max_value_bytes: 7 }\n')
  await events.take(1)
  await vi.waitFor(() => expect(readFileSync(path('iii-state'), 'utf8')).toContain('seed: '), 10_000)
  await run.stop()
  const next = await runConfiguration({}, run.folder)
  expect(await next.resolve('iii-state', { max_value_bytes: 5 })).toEqual({
    value: { max_value_bytes: 7 },
    from: 'stored',
  })
})

test('A plugin whose file is removed goes back to what the engine’s file says', async () => {
  await run.plugin('iii-state', { config: { max_value_bytes: 5 } })
  await run.set('iii-state', { max_value_bytes: 6 })
  const events = await run.collect()
  unlinkSync(path('iii-state'))
  expect(await events.take(1)).toMatchObject([
    { event_type: 'configuration:updated', new_value: { max_value_bytes: 5 } },
  ])
  expect(run.applied.at(-1)?.config).toEqual({ max_value_bytes: 5 })
})
