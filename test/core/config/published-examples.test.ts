// Configurations that are published for iii, word for word: they must go on working.
import { describe, expect, test } from 'vitest'
import { listenerOf } from '../../../core/config/listener-config.ts'
import { resolveEntries } from '../../../core/config/resolve-entries.ts'
import { entriesOf, KNOWN, loadText } from './load-text.ts'

const TODO_APP = `modules:
  - class: modules::worker::WorkerModule
    config:
      port: 49134

  - class: modules::worker::WorkerModule
    config:
      host: 0.0.0.0
      port: 3111
      rbac:
        auth_function_id: todo-project::auth-function
        expose_functions:
          - match("todos::create")
          - match("todos::list")
          - match("todos::get")
          - match("todos::delete")
          - match("todos::toggle")

  - class: modules::shell::ExecModule
    config:
      exec:
        - pnpm dev

  - class: modules::stream::StreamModule
    config:
      port: 3112
      host: 0.0.0.0
      adapter:
        class: modules::stream::adapters::KvStore
        config:
          store_method: file_based
          file_path: ./data/stream_store
`

describe('the todo application', () => {
  test('has two listeners, and says which of its workers this version lacks', () => {
    const config = loadText(TODO_APP)
    const { listeners, plugins, warnings } = resolveEntries(config, { names: KNOWN, userPlugins: [] })
    expect(listeners.map(({ instanceId }) => instanceId)).toEqual(['iii-worker-manager', 'iii-worker-manager#1'])
    expect(listeners.map(listenerOf)).toMatchObject([
      { port: 49134, host: '127.0.0.1', rbac: undefined },
      {
        port: 3111,
        host: '0.0.0.0',
        rbac: {
          auth_function_id: 'todo-project::auth-function',
          expose_functions: ['create', 'list', 'get', 'delete', 'toggle'].map((name) => `match("todos::${name}")`),
        },
      },
    ])
    expect(plugins).toEqual([])
    expect(config.warnings).toEqual([])
    expect(warnings).toEqual([
      "iii-config.yaml:19: Worker 'modules::shell::ExecModule' is not part of this version; skipped",
      "iii-config.yaml:24: Worker 'modules::stream::StreamModule' is not part of this version; skipped",
    ])
  })

  test('is the same in the new style', () => {
    const renamed = TODO_APP.replace('modules:', 'workers:')
      .replaceAll('class: modules::worker::WorkerModule', 'name: iii-worker-manager')
      .replace('class: modules::shell::ExecModule', 'name: iii-exec')
      .replace('class: modules::stream::StreamModule', 'name: iii-stream')
      .replace('class: modules::stream::adapters::KvStore', 'name: kv')
    const bare = (text: string) => entriesOf(text).map(({ writtenName: _name, lines: _lines, ...rest }) => rest)
    expect(bare(renamed)).toEqual(bare(TODO_APP))
  })
})

const BOTH_STYLES = `modules:                                   # old
  - class: modules::stream::StreamModule
    config:
      port: \${STREAM_PORT:3112}
      adapter:
        class: modules::stream::adapters::KvStore
        config: { store_method: file_based, file_path: ./var/streams }
workers:                                   # new
  - name: iii-state
    config:
      adapter: { name: kv, config: { store_method: file_based, file_path: ./var/state, save_interval_ms: 1000 } }
`

describe('old and new style in one file', () => {
  test.each([
    [{}, 3112],
    [{ STREAM_PORT: '4000' }, 4000],
  ])('are read with %o', (env, port) => {
    expect(entriesOf(BOTH_STYLES, { env }).map(({ name, config }) => ({ name, config }))).toEqual([
      {
        name: 'iii-state',
        config: {
          adapter: {
            name: 'kv',
            config: { store_method: 'file_based', file_path: './var/state', save_interval_ms: 1000 },
          },
        },
      },
      {
        name: 'iii-stream',
        config: { port, adapter: { name: 'kv', config: { store_method: 'file_based', file_path: './var/streams' } } },
      },
    ])
  })
})
