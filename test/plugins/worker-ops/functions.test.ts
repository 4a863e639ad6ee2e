// The functions that only tell: status, schema, validate; what is known of them; the events of operations.
import { expect, test } from 'vitest'
import { OpsFolder } from './ops-folder.ts'

async function project(more = ''): Promise<OpsFolder> {
  const folder = new OpsFolder()
  await folder.begin(more)
  return folder
}

test('the status of a worker that is not there is an answer, and a bad name is not', async () => {
  const folder = await project()
  expect(await folder.call('worker::status', { name: 'nope' })).toEqual({
    name: 'nope',
    installed: false,
    worker_type: 'not-installed',
    running: false,
    status: 'stopped',
    pid: null,
    version: null,
    logs_dir: null,
    stderr_tail: [],
    stdout_tail: [],
    hint: expect.stringContaining('worker::add'),
  })
  expect(await folder.refusal('worker::status', { name: '../x' })).toMatchObject({ code: 'W105' })
  expect(await folder.call('worker::status', { name: 'iii-worker-ops' })).toMatchObject({
    installed: true,
    worker_type: 'builtin',
    running: true,
  })
  expect(await folder.call('worker::status', { name: 'iii-state' })).toMatchObject({
    installed: false,
    worker_type: 'builtin',
    running: false,
  })
  await folder.add(folder.worker('hello'))
  expect(await folder.call('worker::status', { name: 'hello' })).toMatchObject({
    installed: true,
    worker_type: 'local',
    running: true,
    status: 'running',
    pid: expect.any(Number),
    hint: expect.stringContaining('It runs'),
  })
})

test('the list has the entries of the configuration; with include_builtin also what always runs', async () => {
  const folder = await project('  - name: iii-cron\n')
  const names = async (input: object | null): Promise<string[]> =>
    (await folder.call('worker::list', input)).workers.map(({ name }: { name: string }) => name)
  expect(await names(null)).toEqual(['iii-worker-manager', 'iii-cron'])
  expect(await folder.row('iii-cron')).toEqual({ name: 'iii-cron', running: true, status: 'running', pid: null })
  expect(await names({ include_builtin: true })).toEqual(
    expect.arrayContaining(['iii-cron', 'iii-worker-ops', 'configuration']),
  )
  await folder.add(folder.worker('hello'))
  await folder.call('worker::stop', { name: 'hello', yes: true })
  expect(await names({})).toContain('hello')
  expect(await names({ running_only: true })).not.toContain('hello')
})

test('worker::schema describes eleven functions and the manifest', async () => {
  const folder = await project()
  const { schemas } = await folder.call('worker::schema')
  expect(schemas).toHaveLength(12)
  expect(schemas.map(({ function_id: id }: { function_id: string }) => id)).toContain('iii.worker.yaml')
  const one = await folder.call('worker::schema', { function_id: 'iii.worker.yaml' })
  expect(one.schemas).toHaveLength(1)
  expect(Object.keys(one.schemas[0].response)).toContain('iii.worker.yaml')
  expect(await folder.call('worker::schema', { function_id: 'nope' })).toEqual({ schemas: [] })
})

test('what a function takes and how long it may take is known to the engine', async () => {
  const folder = await project()
  expect(await folder.call('engine::functions::info', { function_id: 'worker::add' })).toMatchObject({
    request_schema: { type: 'object' },
    metadata: { default_timeout_ms: 600_000, idempotent: true },
  })
})

test('the example of worker::schema is valid, and runs', async () => {
  const folder = await project()
  const { schemas } = await folder.call('worker::schema', { function_id: 'iii.worker.yaml' })
  folder.worker('hello')
  for (const [path, text] of Object.entries(schemas[0].response as Record<string, string>))
    folder.write(`hello/${path}`, path === 'iii.worker.yaml' ? text.replace('npm install', '""') : text)
  expect(await folder.call('worker::validate', { path: './hello' })).toMatchObject({ valid: true, errors: [] })
  expect(await folder.add('./hello')).toMatchObject({ awaited_ready: true })
  expect(await folder.call('hello::greet', { name: 'you' })).toEqual({ message: 'Hello, you' })
})

test('worker::validate tells what is wrong, as an answer', async () => {
  const folder = await project()
  const outcome = await folder.call('worker::validate', { manifest: 'name: x\nscripts: {start: 1}\nfoo: 1' })
  expect(outcome).toMatchObject({ valid: false, name: 'x', unknown_keys: ['foo'] })
  expect(outcome.errors.join()).toContain('scripts.start')
  expect(await folder.call('worker::validate', { path: './nowhere' })).toMatchObject({ valid: false })
  folder.worker('hello')
  for (const path of ['./hello', './hello/iii.worker.yaml'])
    expect(await folder.call('worker::validate', { path })).toMatchObject({ valid: true, name: 'hello' })
  for (const input of [{}, { manifest: '', path: '' }])
    expect(await folder.refusal('worker::validate', input)).toMatchObject({ code: 'W105' })
})

interface Told {
  readonly operation: string
  readonly worker: string
  readonly stage: string
  readonly [member: string]: unknown
}

async function listening(folder: OpsFolder, config: object): Promise<Told[]> {
  const client = await folder.connect()
  const events: Told[] = []
  client.provide('test::told', (data) => {
    events.push(data as never)
    return null
  })
  client.send({ type: 'registertrigger', trigger_type: 'worker', id: 'told', function_id: 'test::told', config })
  await client.call('worker::schema', {})
  return events
}

test('one event tells the end of each operation that somebody asked for, with its status', async () => {
  const folder = await project()
  const events = await listening(folder, { operations: ['add'], stages: ['done', 'failed'] })
  const path = folder.worker('hello')
  await folder.add(path)
  await folder.refusal('worker::add', { source: { kind: 'local', path } })
  await folder.call('worker::stop', { name: 'hello', yes: true })
  await expect.poll(() => events.length, { timeout: 10_000 }).toBe(2)
  expect(events).toEqual([
    {
      operation: 'add',
      worker: 'hello',
      stage: 'done',
      timestamp_ms: expect.any(Number),
      source: { kind: 'local', ref: './hello' },
      status: 'installed',
      caller_mode: 'trigger',
    },
    expect.objectContaining({ stage: 'failed', error: { code: 'W111', message: expect.any(String) } }),
  ])
})

test('all stages are told in order, of the workers that were named', async () => {
  const folder = await project()
  const events = await listening(folder, { workers: ['hello'], operations: [] })
  await folder.add(folder.worker('hello'))
  await folder.add(folder.worker('other'))
  await folder.call('worker::stop', { name: 'hello', yes: true })
  await folder.call('worker::start', { name: 'hello' })
  await folder.call('worker::remove', { names: ['hello'], yes: true })
  await expect.poll(() => events.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(10)
  expect(events.map(({ operation, stage }) => `${operation} ${stage}`)).toEqual([
    'add done',
    'stop started',
    'stop stopping',
    'stop done',
    'start started',
    'start starting',
    'start done',
    'remove started',
    'remove removing',
    'remove done',
  ])
})

test('a binding with a value that is none is refused', async () => {
  const folder = await project()
  const client = await folder.connect()
  for (const [index, config] of [{ stages: ['over'] }, { operations: 'add' }, { workers: [1] }].entries()) {
    client.send({ type: 'registertrigger', trigger_type: 'worker', id: `t${index}`, function_id: 'x', config })
    const answer = await client.find(({ type, id }) => type === 'triggerregistrationresult' && id === `t${index}`, 'it')
    expect(answer['error']).toMatchObject({ code: 'trigger_registration_failed' })
  }
})

test('twenty workers run at once', async () => {
  const folder = await project()
  const names = Array.from({ length: 20 }, (_, index) => `w${index}`)
  const entries = names.map((name) => {
    folder.write(`${name}/iii.worker.yaml`, `name: ${name}\nscripts: { install: "", start: exec sleep 1000 }\n`)
    return `  - name: ${name}\n    worker_path: ./${name}\n`
  })
  folder.write('iii-config.yaml', folder.config + entries.join(''))
  expect(await folder.call('engine::config::reload')).toMatchObject({ applied: true })
  const pids = async (): Promise<number> =>
    (await folder.call('worker::list')).workers.filter(({ pid }: { pid: number | null }) => pid !== null).length
  await expect.poll(pids, { timeout: 15_000 }).toBe(20)
})

test('of more than 64 workers the last ones are told that there is no room', async () => {
  const folder = await project()
  const entries = Array.from({ length: 66 }, (_, index) => {
    folder.write(`w${index}/iii.worker.yaml`, `name: w${index}\nscripts: { install: "", start: exec sleep 1000 }\n`)
    return `  - name: w${index}\n    worker_path: ./w${index}\n`
  })
  folder.write('iii-config.yaml', folder.config + entries.join(''))
  expect(await folder.call('engine::config::reload')).toMatchObject({ applied: true })
  const { msg } = await folder.logged('may have no more')
  expect(msg).toMatch(/^worker 'w\d+' could not be started: .*64 processes/)
}, 30_000)
