import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { FakeEngine } from './fake-engine.ts'
import { runCli } from './run-cli.ts'

let engine: FakeEngine
beforeAll(async () => {
  engine = await FakeEngine.start()
})
afterAll(() => engine[Symbol.asyncDispose]())
afterEach(() => {
  engine.frames.length = 0
})

it('lists functions as aligned columns and hands filters on', async () => {
  const functions = [
    { function_id: 'a::b', worker_name: 'w', description: 'Does b.' },
    { function_id: 'long::name', worker_name: 'worker' },
  ]
  engine.answers.set('engine::functions::list', { result: { functions } })
  const { code, stdout } = await runCli([
    'functions',
    'list',
    '--search',
    'b',
    '--prefix',
    'a',
    '--include-internal',
    ...engine.at,
  ])
  expect(code).toBe(0)
  expect(stdout).toBe('FUNCTION    WORKER  DESCRIPTION\na::b        w       Does b.\nlong::name  worker\n')
  expect(engine.frames[0]).toMatchObject({ data: { search: 'b', prefix: 'a', include_internal: true } })
})

it('prints the answer of the engine unchanged with --json', async () => {
  const answer = { workers: [{ id: '1', name: null, extra: { a: 1 } }], timestamp: 5 }
  engine.answers.set('engine::workers::list', { result: answer })
  const { stdout } = await runCli(['workers', 'list', '--json', ...engine.at])
  expect(JSON.parse(stdout)).toEqual(answer)
})

it('shows how long a worker has left calls unanswered', async () => {
  const row = { id: 'uuid-1', name: 'w', status: 'connected' }
  engine.answers.set('engine::workers::list', {
    result: {
      workers: [
        { ...row, unresponsive_since_ms: Date.now() - 90_000 },
        { ...row, name: 'v', unresponsive_since_ms: null },
      ],
    },
  })
  const { stdout } = await runCli(['workers', 'list', ...engine.at])
  expect(stdout).toMatch(/^w .*connected, no answer for (89|9\d) s/m)
  expect(stdout).toMatch(/^v +connected +uuid/m)
})

it('shows the id of a worker that has no name', async () => {
  engine.answers.set('engine::workers::list', {
    result: { workers: [{ id: 'uuid-1', name: null, runtime: 'browser' }] },
  })
  const { stdout } = await runCli(['workers', 'list', ...engine.at])
  expect(stdout).toMatch(/uuid-1 +browser/)
})

it('lists bindings as triggers with their state, and trigger types with --types', async () => {
  engine.answers.set('engine::registered-triggers::list', {
    result: {
      registered_triggers: [
        { id: '1', trigger_type: 'state', function_id: 'f', config_summary: '{"scope":"s"}', state: 'parked' },
      ],
    },
  })
  engine.answers.set('engine::triggers::list', { result: { triggers: [{ id: 'state', worker_name: 'iii-state' }] } })
  expect((await runCli(['triggers', 'list', ...engine.at])).stdout).toMatch(
    /^TYPE +FUNCTION +WORKER +STATE +CONFIG +ID\nstate +f +parked +{"scope":"s"} +1\n$/,
  )
  expect((await runCli(['triggers', 'list', '--types', ...engine.at])).stdout).toMatch(/state +iii-state/)
})

it('shows a stale plugin as stale', async () => {
  const row = {
    name: 'hello',
    state: 'running',
    isolation: 'thread',
    stale: { reason: 'build' },
    origin: 'plugins/hello.ts',
  }
  engine.answers.set('engine::plugins::list', { result: { plugins: [row] } })
  expect((await runCli(['plugins', 'list', ...engine.at])).stdout).toContain('running (stale: build)')
})

it('shows how many threads a plugin has left behind, beside why it is stale', async () => {
  const row = { name: 'hello', state: 'stalled', isolation: 'thread', abandoned: 2, origin: 'plugins/hello.ts' }
  engine.answers.set('engine::plugins::list', {
    result: { plugins: [row, { ...row, name: 'stale', stale: { reason: 'held_up' } }] },
  })
  const { stdout } = await runCli(['plugins', 'list', ...engine.at])
  expect(stdout).toMatch(/hello +stalled \(abandoned: 2\) /)
  expect(stdout).toMatch(/stale +stalled \(stale: held_up, abandoned: 2\) /)
})

it('says which plugins run with settings that were set at run time', async () => {
  const row = { isolation: 'thread', state: 'running', origin: 'built-in' }
  const plugins = [
    { ...row, name: 'kept', settings: 'stored' },
    { ...row, name: 'plain' },
  ]
  engine.answers.set('engine::plugins::list', { result: { plugins } })
  const { stdout } = await runCli(['plugins', ...engine.at])
  expect(stdout).toMatch(/^kept .* set at run time$/m)
  expect(stdout).toMatch(/^plain .* built-in$/m)
})

it('reloads a plugin, with --force when asked', async () => {
  engine.answers.set('engine::plugins::reload', { result: { name: 'hello', generation: 4, ms: 12 } })
  const { code, stdout } = await runCli(['plugin', 'reload', 'hello', '--force', ...engine.at])
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'hello reloaded: generation 4, 12 ms\n' })
  expect(engine.frames[0]).toMatchObject({ data: { name: 'hello', force: true } })
})

it('stops and starts a plugin and prints what is known of it', async () => {
  engine.answers.set('engine::plugins::stop', { result: { name: 'hello', state: 'stopped' } })
  engine.answers.set('engine::plugins::start', { result: { name: 'hello', state: 'running' } })
  engine.answers.set('engine::plugins::info', { result: { name: 'hello', config: { a: 1 } } })
  expect((await runCli(['plugins', 'stop', 'hello', ...engine.at])).stdout).toBe('hello is stopped\n')
  expect((await runCli(['plugins', 'start', 'hello', ...engine.at])).stdout).toBe('hello is running\n')
  expect(JSON.parse((await runCli(['plugins', 'info', 'hello', ...engine.at])).stdout)).toEqual({
    name: 'hello',
    config: { a: 1 },
  })
})

it('strips control characters that a worker put into its description', async () => {
  const functions = [{ function_id: 'f', description: 'a\u001b[31mred\u0007\nb' }]
  engine.answers.set('engine::functions::list', { result: { functions } })
  expect((await runCli(['functions', 'list', ...engine.at])).stdout).toContain('ared b')
})

it('exits 1 when the answer is not that of an engine', async () => {
  engine.answers.set('engine::functions::list', { result: [] })
  expect(await runCli(['functions', 'list', ...engine.at])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('engine::functions::list'),
  })
})
