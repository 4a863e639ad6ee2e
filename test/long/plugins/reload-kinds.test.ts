// Reloads under load of the other kinds of plugins: in processes, with large frames, with replicas, and with bindings of their own.
import { expect, it } from 'vitest'
import { within } from '../../support/deadline.ts'
import { report } from '../network/engine-under-test.ts'
import { seenCallHandler } from './answer-ledger.ts'
import { startPluginEngine } from './plugin-engine.ts'
import { expectNeverFailed, LIVE_MS, plugin, reloadUnderLoad, startLoad } from './reload-run.ts'

it('a plugin in a process of its own', async () => {
  const apart = (version: number): string =>
    plugin('apart', version, `iii.registerFunction('apart::next', ${seenCallHandler()})`, `\n  isolation: 'process',`)
  const engine = await startPluginEngine({ plugins: { apart: apart(1) } })
  const run = await startLoad(engine, ['apart::next'])
  await reloadUnderLoad('in a process', 40, run, (version) => engine.save('apart', apart(version)))
  await expectNeverFailed(engine, 'apart')
}, 60_000)

it('a plugin that gets large frames between small ones', async () => {
  const mixed = (version: number): string =>
    plugin('mixed', version, `iii.registerFunction('mixed::next', ${seenCallHandler()})`)
  const engine = await startPluginEngine({ plugins: { mixed: mixed(1) } })
  // Larger than a quarter of the ring: these travel beside it.
  const text = 'x'.repeat(300_000)
  const run = await startLoad(engine, ['mixed::next'], { more: (n) => (n % 50 === 0 ? `,"text":"${text}"` : '') })
  await reloadUnderLoad('large frames', 40, run, (version) => engine.save('mixed', mixed(version)))
  await expectNeverFailed(engine, 'mixed')
}, 60_000)

it('two replicas of a plugin whose generations overlap', async () => {
  const twin = (version: number): string =>
    plugin(
      'twin',
      version,
      `iii.registerFunction('twin::next', async (data) => { await null; return (${seenCallHandler()})(data) })`,
      '\n  overlap: true,',
    )
  const engine = await startPluginEngine({ plugins: { twin: twin(1) }, entries: '  - { name: twin, replicas: 2 }\n' })
  const run = await startLoad(engine, ['twin::next'])
  await reloadUnderLoad('two replicas', 60, run, (version) => engine.save('twin', twin(version)), { inOrder: false })
  await expectNeverFailed(engine, 'twin')
  expect(await engine.row('twin')).toMatchObject({ replicas: 2 })
}, 60_000)

it('a plugin that is bound to changes of state gets each of them once', async () => {
  const RELOADS = 60
  const watcher = (version: number): string =>
    plugin(
      'watcher',
      version,
      `
    iii.registerFunction('watcher::version', () => VERSION)
    iii.registerFunction('watcher::changed', ({ new_value }) => iii.trigger({ function_id: 'sink::seen', payload: { n: new_value } }))
    iii.registerTrigger({ type: 'state', function_id: 'watcher::changed', config: { scope: 'watched' } })`,
    )
  const engine = await startPluginEngine({
    plugins: { watcher: watcher(1) },
    entries: '  - name: iii-state\n  - name: watcher\n',
  })
  const sink = await engine.connect('sink')
  const seen: number[] = []
  await sink.register('sink::seen', ({ n }: { n: number }) => void seen.push(n))
  const writer = await engine.connect('writer')
  let written = 0
  const over = new AbortController()
  const writing = (async () => {
    while (!over.signal.aborted) await writer.result('state::set', { scope: 'watched', key: 'k', value: written++ })
  })()
  for (let version = 2; version <= RELOADS + 1; version++) {
    await engine.save('watcher', watcher(version))
    const live = async (): Promise<void> => {
      while ((await engine.observer.result('watcher::version')) !== version);
    }
    await within(LIVE_MS, `version ${version}`, live())
  }
  over.abort()
  await writing
  await expect.poll(() => seen.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(written)
  report(`bound to state: ${RELOADS} reloads, ${written} changes`)
  expect(written).toBeGreaterThan(RELOADS)
  expect(seen).toEqual(Array.from({ length: written }, (_, n) => n))
  const { registered_triggers: rows } = await engine.observer.result('engine::registered-triggers::list', {
    trigger_type: 'state',
  })
  expect(rows).toHaveLength(1)
  await expectNeverFailed(engine, 'watcher', 'iii-state')
}, 60_000)
