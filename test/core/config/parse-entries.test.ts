import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { ALL_NAMES, namesWith } from '../../support/worker-names.ts'
import { entriesOf, errorOf, FILE, loadText } from './load-text.ts'

const namesOf = (text: string): string[] => entriesOf(text).map(({ name }) => name)

describe('lists of entries', () => {
  test('workers come before modules, and both styles stand in either', () => {
    const text = `
modules:
  - class: modules::cron::CronModule
  - name: two
workers:
  - name: iii-state
  - class: modules::pubsub::PubSubModule
`
    expect(namesOf(text)).toEqual(['iii-state', 'iii-pubsub', 'iii-cron', 'two'])
  })

  test.each(['workers:\n', 'workers: []\n', 'workers:\nmodules:\n', 'workers: ~\n', ''])(
    '%o has no entries',
    (text) => {
      expect(entriesOf(text)).toEqual([])
    },
  )

  test('a list that is none is refused', () => {
    expect(errorOf('workers: {name: x}').message).toBe(
      `${FILE}:1: workers: expected a list of entries, got {"name":"x"}`,
    )
  })

  test('each entry remembers its line and the name as written', () => {
    expect(entriesOf('workers:\n\n  - name: state\n')).toMatchObject([
      { name: 'iii-state', writtenName: 'state', origin: 'iii-config.yaml:3' },
    ])
  })

  test('Windows line endings make no difference', () => {
    const text = 'workers:\n  - name: iii-state\n    config:\n      adapter: { name: kv }\n'
    expect(loadText(text.replaceAll('\n', '\r\n'))).toEqual(loadText(text))
  })
})

describe('names', () => {
  test.each([
    ['modules::worker::WorkerModule', 'iii-worker-manager'],
    ['modules::engine_fn::EngineFunctionsModule', 'iii-engine-functions'],
    ['modules::observability::OtelModule', 'iii-observability'],
    ['modules::observability::LoggingModule', 'iii-observability'],
    ['modules::telemetry::TelemetryModule', 'iii-telemetry'],
    ['modules::http_functions::HttpFunctionsModule', 'iii-http-functions'],
    ['modules::api::RestApiModule', 'iii-http'],
    ['modules::cron::CronModule', 'iii-cron'],
    ['modules::queue::QueueModule', 'iii-queue'],
    ['modules::pubsub::PubSubModule', 'iii-pubsub'],
    ['modules::state::StateModule', 'iii-state'],
    ['modules::stream::StreamModule', 'iii-stream'],
    ['modules::bridge_client::BridgeClientModule', 'iii-bridge'],
    ['modules::shell::ExecModule', 'iii-exec'],
  ])('the class %s is %s', (className, name) => {
    expect(namesOf(`modules: [{class: '${className}'}]`)).toEqual([name])
    expect(namesOf(`workers: [{name: '${className}'}]`)).toEqual([name])
  })

  test.each(['http', 'cron', 'queue', 'pubsub', 'state', 'stream', 'bridge'])('the alias %s is iii-…', (alias) => {
    expect(ALL_NAMES.canonicalName(alias)).toBe(`iii-${alias}`)
  })

  test('name wins over class, with a warning', () => {
    const config = loadText('workers: [{name: mine, class: modules::state::StateModule}]')
    expect(config.entries[0]).toMatchObject({ name: 'mine' })
    expect(config.warnings).toEqual(["iii-config.yaml:1: workers[0] has both 'name' and 'class'; 'mine' counts"])
  })

  test.each(['workers: [{}]', 'workers: [{name: }]', 'workers: [{name: ""}]', 'workers: [{config: {}}]'])(
    '%s lacks a name',
    (text) => {
      expect(errorOf(text).message).toBe(`${FILE}:1: workers[0]: missing 'name'`)
    },
  )

  test('the second list is called by its own key', () => {
    expect(errorOf('modules:\n  - name: a\n  - {}\n').message).toBe(`${FILE}:3: modules[1]: missing 'name'`)
  })

  test('a bare word is refused, with what to write', () => {
    const error = errorOf('workers:\n  - iii-state\n')
    expect(error.message).toBe(`${FILE}:2: workers[0]: expected a map with 'name', got "iii-state"`)
    expect(error.remedy).toContain('- name: iii-state')
  })

  test('an item of nothing is not told to be named null', () => {
    expect(errorOf('workers:\n  -\n').remedy).toBe('Write it as `- name: NAME`, or remove the item.')
  })
})

describe('keys of an entry', () => {
  test('all of them are read', () => {
    const text = `
workers:
  - name: thumbnails
    config: { size: 128 }
    isolation: process
    replicas: 2
    memory_mb: 256
    max_in_flight: 50
    allow: ["images::*"]
    permissions: { fs_read: ["./images"], net: true }
    enabled: false
    worker_path: ./workers/thumbnails
    image: thumbs:1
    type: local
    version: 1.0.0
`
    expect(entriesOf(text)).toEqual([
      {
        instanceId: 'thumbnails',
        name: 'thumbnails',
        writtenName: 'thumbnails',
        config: { size: 128 },
        isolation: 'process',
        replicas: 2,
        memoryMb: 256,
        maxInFlight: 50,
        allow: ['images::*'],
        permissions: { fs_read: ['./images'], fs_write: [], net: true, child_process: false },
        enabled: false,
        workerPath: './workers/thumbnails',
        origin: 'iii-config.yaml:3',
        lines: expect.objectContaining({ '/name': 3, '/config': 4, '/config/size': 4, '/allow/0': 9, '/version': 15 }),
      },
    ])
  })

  test.each(['', 'config:', 'config: ~', 'config: {}'])('%o is an empty config', (config) => {
    expect(entriesOf(`workers:\n  - name: iii-state\n    ${config}\n`)[0]?.config).toEqual({})
  })

  test('an unknown key is an error with a suggestion', () => {
    const { message } = errorOf('workers:\n  - name: x\n    isolatoin: thread\n')
    expect(message).toContain(`${FILE}:3: worker 'x': unknown key 'isolatoin'. Did you mean 'isolation'?`)
  })

  test.each([
    ['isolation: fibre', `isolation must be one of "shared", "thread", "process", got "fibre"`],
    ['replicas: 0', 'replicas must be >= 1, got 0'],
    ['replicas: 65', 'replicas must be <= 64, got 65'],
    ['memory_mb: "256"', 'memory_mb must be integer, got "256"'],
    ['allow: images', 'allow must be array, got "images"'],
    ['allow: ', 'allow must be array, got null'],
    ['enabled: maybe', 'enabled must be boolean, got "maybe"'],
    ['config: [1]', 'config must be object or null, got [1]'],
    ['permissions: { disk: true }', "permissions unknown key 'disk'"],
  ])('%s is refused', (line, message) => {
    expect(errorOf(`workers:\n  - name: x\n    ${line}\n`).message).toContain(`${FILE}:3: worker 'x': ${message}`)
  })

  test('permissions need a process', () => {
    const error = errorOf('workers:\n  - name: x\n    isolation: thread\n    permissions: {}\n')
    expect(error.message).toContain(`${FILE}:4: worker 'x': permissions need 'isolation: process'`)
    expect(loadText('workers: [{name: x, permissions: {}}]').entries[0]?.permissions?.net).toBe(false)
  })

  test('image on a built-in is an error that names both', () => {
    expect(errorOf('workers:\n  - name: http\n    image: a/b\n').message).toContain(
      `${FILE}:3: worker 'http' is built in and takes no 'image'`,
    )
  })

  test('what tunes a plugin is pointed out on workers of the engine itself', () => {
    const { warnings } = loadText(
      'workers:\n  - name: iii-worker-manager\n    replicas: 2\n  - name: iii-engine-functions\n    enabled: false\n',
    )
    expect(warnings).toEqual([
      "iii-config.yaml:3: 'replicas' has no effect on 'iii-worker-manager', which is part of the engine",
      "iii-config.yaml:5: 'iii-engine-functions' is part of the engine and always runs; 'enabled: false' has no effect",
    ])
  })

  test('all problems of a file are reported at once', () => {
    const { problems } = errorOf('engine: {gate: 1}\nworkers:\n  - {}\n  - {name: a, x: 1, y: 2}\nplugins_dir: 3\n')
    expect(problems.map(({ line }) => line).toSorted()).toEqual([1, 3, 4, 4, 5])
  })
})

describe('adapters', () => {
  const EXPECTED: Record<string, string> = {
    KvStore: 'kv',
    KvCronAdapter: 'kv',
    RedisAdapter: 'redis',
    RedisCronAdapter: 'redis',
    Bridge: 'bridge',
  }
  Object.assign(EXPECTED, { LocalAdapter: 'local', BuiltinQueueAdapter: 'builtin', RabbitMQAdapter: 'rabbitmq' })

  test.each(ALL_NAMES.all.flatMap(({ adapterClasses = {} }) => Object.keys(adapterClasses)))(
    'the class %s becomes a name, and its config stays',
    (className) => {
      const [found] = entriesOf(
        `modules: [{class: modules::state::StateModule, config: {adapter: {class: '${className}', config: {a: 1}}}}]`,
      )
      expect(found?.config).toEqual({
        adapter: { name: EXPECTED[className.split('::').at(-1) ?? ''], config: { a: 1 } },
      })
    },
  )

  test('a class of nobody becomes the name, for the worker to refuse', () => {
    expect(entriesOf('workers: [{name: state, config: {adapter: {class: x::Y}}}]')[0]?.config).toEqual({
      adapter: { name: 'x::Y' },
    })
  })

  test('the config of a plugin is left alone', () => {
    const config = { adapter: { class: 'modules::state::adapters::KvStore' } }
    expect(entriesOf(stringify({ workers: [{ name: 'mine', config }] }))[0]?.config).toEqual(config)
  })
})

describe('repetition', () => {
  test('instances get ids in order, over both lists and all spellings', () => {
    const text = `
modules: [{class: modules::worker::WorkerModule, config: {port: 1}}]
workers: [{name: iii-worker-manager, config: {port: 2}}, {name: iii-exec}, {name: iii-worker-manager, config: {port: 3}}]
`
    expect(entriesOf(text).map(({ instanceId, config }) => [instanceId, config['port']])).toEqual([
      ['iii-worker-manager', 2],
      ['iii-exec', undefined],
      ['iii-worker-manager#1', 3],
      ['iii-worker-manager#2', 1],
    ])
  })

  test.each(['http', 'cron', 'queue', 'state', 'pubsub', 'stream', 'bridge'])(
    'iii-%s beside its alias is refused',
    (alias) => {
      const { message } = errorOf(`workers:\n  - name: iii-${alias}\nmodules:\n  - name: ${alias}\n`)
      expect(message).toContain('Duplicate worker configurations:')
      expect(message).toContain(
        `'iii-${alias}' (iii-config.yaml:2) and '${alias}' (iii-config.yaml:4) are the same worker: remove either one`,
      )
    },
  )

  test('several such pairs are one problem with a line each', () => {
    const { problems } = errorOf('workers: [{name: http}, {name: iii-http}, {name: iii-state}, {name: state}]')
    expect(problems).toHaveLength(1)
    expect(problems[0]?.message.split('\n')).toHaveLength(3)
  })

  test.each(['iii-state', 'iii-engine-functions', 'configuration'])('two %s are refused', (name) => {
    const { message } = errorOf(`workers:\n  - name: ${name}\n  - name: ${name}\n`)
    expect(message).toContain(
      `${FILE}:3: duplicate instance of '${name}' is not supported: the first is at iii-config.yaml:2`,
    )
  })

  test('a class and the name of the same worker are two instances', () => {
    expect(errorOf('workers: [{name: iii-state}, {class: modules::state::StateModule}]').message).toContain(
      "duplicate instance of 'iii-state'",
    )
  })

  test('two of a name that is no worker of the table are left to the definition of the plugin', () => {
    expect(entriesOf('workers: [{name: mine}, {name: mine}]').map(({ instanceId }) => instanceId)).toEqual([
      'mine',
      'mine#1',
    ])
  })

  test.each(['iii-exec', 'iii-bridge'])('two %s are fine', (name) => {
    expect(entriesOf(`workers: [{name: ${name}}, {name: ${name}}]`).map(({ instanceId }) => instanceId)).toEqual([
      name,
      `${name}#1`,
    ])
  })
})

describe('mandatory workers', () => {
  const everything = namesWith(
    'iii-observability',
    'configuration',
    'iii-http-functions',
    'iii-directory',
    'iii-worker-ops',
    'iii-http',
  )
  const added = (text: string, env = {}): string[] =>
    loadText(text, { known: everything, env })
      .entries.filter(({ origin }) => origin === '(default)')
      .map(({ name }) => name)

  test('those that this version has are added behind the entries of the file, once', () => {
    expect(loadText('workers: [{name: iii-state}]').entries.map(({ instanceId }) => instanceId)).toEqual([
      'iii-state',
      'iii-worker-manager',
      'iii-engine-functions',
    ])
    expect(loadText('modules: [{class: modules::worker::WorkerModule, config: {port: 49135}}]').entries).toHaveLength(2)
  })

  test('more of them are added when they are there, and nothing else', () => {
    expect(added('workers: [{name: configuration}]')).toEqual([
      'iii-worker-manager',
      'iii-engine-functions',
      'iii-http-functions',
      'iii-directory',
      'iii-worker-ops',
      'iii-observability',
    ])
  })

  test('IIIWORKER_DISABLE_BUILTIN_DAEMONS leaves out iii-worker-ops', () => {
    expect(added('', { IIIWORKER_DISABLE_BUILTIN_DAEMONS: '1' })).not.toContain('iii-worker-ops')
    expect(added('', { IIIWORKER_DISABLE_BUILTIN_DAEMONS: '' })).toContain('iii-worker-ops')
  })
})

test('entries that are written as YAML are read as they were', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/).map((text) => `p-${text}`)
  const json = fc
    .jsonValue({ maxDepth: 3 })
    // Variables are read, and a merge key that nobody has quoted, as `stringify` does not.
    .map((value) => JSON.parse(JSON.stringify(value).replaceAll('${', '$_').replaceAll('"<<":', '"<_":')) as unknown)
  const written = fc.record(
    {
      name,
      config: fc.dictionary(fc.stringMatching(/^[a-z_ :#-]{1,12}$/), json, { noNullPrototype: true }),
      isolation: fc.constantFrom('shared', 'thread', 'process'),
      replicas: fc.integer({ min: 1, max: 64 }),
      memory_mb: fc.integer({ min: 1, max: 4096 }),
      max_in_flight: fc.integer({ min: 1, max: 10_000 }),
      allow: fc.array(fc.stringMatching(/^[a-z:*]{1,9}$/), { maxLength: 3 }),
      enabled: fc.boolean(),
    },
    { requiredKeys: ['name'] },
  )
  fc.assert(
    fc.property(
      fc.uniqueArray(written, { selector: (item) => item.name, maxLength: 5 }),
      fc.boolean(),
      (items, flow) => {
        const text = flow ? JSON.stringify({ workers: items }) : stringify({ workers: items })
        expect(entriesOf(text).map(({ origin: _origin, lines: _lines, ...rest }) => rest)).toEqual(
          items.map((item) => ({
            instanceId: item.name,
            name: item.name,
            writtenName: item.name,
            config: item.config ?? {},
            isolation: item.isolation,
            replicas: item.replicas ?? 1,
            memoryMb: item.memory_mb,
            maxInFlight: item.max_in_flight,
            allow: item.allow,
            permissions: undefined,
            enabled: item.enabled ?? true,
            workerPath: undefined,
          })),
        )
      },
    ),
  )
})
