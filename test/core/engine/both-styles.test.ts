// One configuration in the style of iii before and after the rename starts the same worker on the same data (spec 02 §7, check 45; spec 04 A.3).
import { expect, test } from 'vitest'
import { EngineFolder } from './running-engine.ts'

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
