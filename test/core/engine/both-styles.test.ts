// One configuration in the style of iii before and after the rename starts the same worker on the same data (spec 02 §7, check 45; spec 04 A.3).
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { unusedPort } from '../../support/unused-port.ts'
import { StreamClient } from '../../support/stream-client.ts'
import { EngineFolder, LISTENER } from './running-engine.ts'

const STYLES = [
  `modules:
  - class: modules::worker::WorkerModule
    config: { port: \${NO_SUCH_PORT:0} }
  - class: modules::state::StateModule
    config:
      adapter:
        class: modules::state::adapters::KvStore
        config: { store_method: file_based, file_path: ./data/kept, save_interval_ms: 5000 }
`,
  `workers:
  - name: iii-worker-manager
    config: { port: \${NO_SUCH_PORT:0} }
  - name: state
    config:
      adapter:
        name: kv
        config: { store_method: file_based, file_path: ./data/kept }
`,
  `workers:
  - name: iii-worker-manager
    config: { port: 0 }
modules:
  - class: modules::state::StateModule
    config: { adapter: { name: kv, config: { file_path: ./data/kept } } }
`,
]

test('Each style keeps what the one before has stored, and shows the worker under one name', async () => {
  const folder = new EngineFolder()
  for (const [index, style] of STYLES.entries()) {
    folder.write('iii-config.yaml', style)
    const engine = await folder.start({ watch: false })
    const worker = await folder.connect()
    const { result } = await worker.call('state::list', { scope: 's' })
    expect(result).toEqual(Array.from({ length: index }, (_, n) => n))
    await worker.call('state::set', { scope: 's', key: `k${index}`, value: index })
    const { result: info } = await worker.call('engine::functions::info', { function_id: 'state::set' })
    expect(info).toMatchObject({ function_id: 'state::set', worker_name: 'iii-state' })
    await engine.close()
  }
})

const reactive = (port: number): readonly string[] => [
  `modules:
  - class: modules::stream::StreamModule
    config:
      port: \${NO_SUCH_PORT:${port}}
      adapter:
        class: modules::stream::adapters::KvStore
        config: { store_method: file_based, file_path: ./var/streams }
  - class: modules::cron::CronModule
    config: { adapter: { class: modules::cron::KvCronAdapter, config: { lock_ttl_ms: 30000, lock_index: cron_locks } } }
  - class: modules::pubsub::PubSubModule
    config: { adapter: { class: modules::pubsub::LocalAdapter } }
workers:
  - ${LISTENER}
  - name: iii-state
    config:
      adapter: { name: kv, config: { store_method: file_based, file_path: ./var/state, save_interval_ms: 1000 } }
`,
  `workers:
  - ${LISTENER}
  - name: stream
    config: { port: ${port}, adapter: { name: kv, config: { file_path: ./var/streams, channel_size: 256 } } }
  - name: cron
    config: { adapter: { name: kv, config: { lock_ttl_ms: 30000, lock_index: cron_locks } } }
  - name: pubsub
    config: { adapter: { name: local } }
  - name: state
    config: { adapter: { name: kv, config: { file_path: ./var/state } } }
`,
]

test('All reactive workers run as the files of either age say, on the same port and data', async () => {
  const folder = new EngineFolder()
  const port = await unusedPort()
  for (const [index, style] of reactive(port).entries()) {
    folder.write('iii-config.yaml', style)
    const engine = await folder.start({ watch: false })
    const worker = await folder.connect()
    const client = await StreamClient.connect(`ws://127.0.0.1:${port}/stream/board/g1`)
    const kept = Array.from({ length: index }, (_, n) => n)
    expect((await client.take(1))[0]!.event).toEqual({ type: 'sync', data: kept })
    expect((await worker.call('state::list', { scope: 's' })).result).toEqual(kept)
    await worker.call('stream::set', { stream_name: 'board', group_id: 'g1', item_id: `i${index}`, data: index })
    await worker.call('state::set', { scope: 's', key: `k${index}`, value: index })
    const { result } = await worker.call('engine::plugins::list', {})
    const { plugins } = result as { plugins: { name: string; state: string }[] }
    expect(plugins.filter(({ state }) => state !== 'available').map(({ name, state }) => [name, state])).toEqual(
      [
        'configuration',
        'iii-cron',
        'iii-directory',
        'iii-http-functions',
        'iii-pubsub',
        'iii-state',
        'iii-stream',
        'iii-worker-ops',
      ].map((name) => [name, 'running']),
    )
    expect(folder.log.items.filter(({ level }) => level === 'warn')).toEqual([])
    await engine.close()
  }
  for (const store of ['var/streams/stream.db', 'var/state/state.db'])
    expect(existsSync(join(folder.dir, store))).toBe(true)
})
