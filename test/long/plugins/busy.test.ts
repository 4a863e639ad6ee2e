// A handler that never ends: a reload waits for it, visibly, and only force takes its answer away.
import { expect, it } from 'vitest'
import { bystanders } from '../network/bystanders.ts'
import { startPluginEngine } from './plugin-engine.ts'

const busy = (version: number): string => `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'busy', start({ iii }) {
  let release
  iii.registerFunction('busy::version', () => ${version})
  iii.registerFunction('busy::never', () => new Promise((resolve) => { release = resolve }))
  iii.registerFunction('busy::release', () => release('released'))
} })
`

it('a handler that never ends makes the reload wait, which shows; the old code serves, and force fails the call', async () => {
  const engine = await startPluginEngine({ plugins: { busy: busy(1) }, engine: 'drain_ms: 1500' })
  const others = await bystanders(engine.folder.url)
  const caller = await engine.connect('caller')
  const never = caller.call('busy::never')
  let ended = false
  void never.then(() => (ended = true))

  await engine.save('busy', busy(2))
  await engine.rowThat('busy', 'draining', ({ state }) => state === 'draining')
  // It waits at the gate and is answered by whoever serves in the end: here still the old code.
  expect(await caller.result('busy::version')).toBe(1)
  const stale = await engine.rowThat('busy', 'stale', (row) => row.stale !== undefined)
  expect(stale).toMatchObject({ state: 'running', generation: 1, in_flight: 1, stale: { reason: 'busy' } })
  expect(stale.stale?.error).toContain('1 in flight')
  expect(await caller.failure('engine::plugins::reload', { name: 'busy' })).toMatchObject({ code: 'PLUGIN_BUSY' })
  expect(ended).toBe(false)
  expect(await caller.result('busy::version')).toBe(1)

  expect(await caller.result('engine::plugins::reload', { name: 'busy', force: true })).toMatchObject({ name: 'busy' })
  expect((await never).error).toMatchObject({ code: 'invocation_stopped' })
  expect(await caller.result('busy::version')).toBe(2)
  expect(await engine.row('busy')).not.toHaveProperty('stale')
  expect((await others.stop()).calls).toBeGreaterThan(10)
}, 60_000)

it('a plugin that was busy takes up its new code by itself once the handler ends', async () => {
  const engine = await startPluginEngine({ plugins: { busy: busy(1) }, engine: 'drain_ms: 200' })
  const caller = await engine.connect('caller')
  const never = caller.call('busy::never')
  await engine.save('busy', busy(2))
  await engine.rowThat('busy', 'stale', (row) => row.stale?.reason === 'busy')
  await caller.result('busy::release')
  expect((await never).result).toBe('released')
  await engine.rowThat('busy', 'replaced', ({ generation, stale }) => generation > 1 && stale === undefined)
  expect(await caller.result('busy::version')).toBe(2)
}, 60_000)
