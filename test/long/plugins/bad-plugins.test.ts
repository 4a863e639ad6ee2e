// Plugins that misbehave in every way: the engine serves all else meanwhile, and says which plugin it was and why.
import { expect, it, onTestFinished } from 'vitest'
import { report } from '../network/engine-under-test.ts'
import { bystanders } from '../network/bystanders.ts'
import { startPluginEngine, type PluginEngine, type PluginEngineOptions } from './plugin-engine.ts'

const plugin = (name: string, start: string, more = ''): string => `import { definePlugin } from 'iii-host/plugin'
${more}
export default definePlugin({ name: '${name}', start({ iii, config }) {
  iii.registerFunction('${name}::ok', () => 'ok')
  ${start}
} })
`

/** An engine with bystanders, whose calls must all have succeeded when the test is over. */
async function engineWith(options: PluginEngineOptions): Promise<PluginEngine> {
  const engine = await startPluginEngine({ engine: 'gate_ms: 3000', ...options })
  const others = await bystanders(engine.folder.url)
  onTestFinished(async () => {
    const { calls, worstMs } = await others.stop()
    report(`bystanders: ${calls} calls, the slowest took ${worstMs} ms`)
    expect(calls).toBeGreaterThan(0)
  })
  return engine
}

it.each([
  ['at import', plugin('bad', '', `throw new Error('broken on purpose')`)],
  ['at start', plugin('bad', `throw new Error('broken on purpose')`)],
])(
  'throws %s: it is failed, the rest of the engine runs, and mending the file starts it',
  async (_when, source) => {
    const engine = await engineWith({ plugins: { bad: source, good: plugin('good', '') } })
    expect(await engine.row('bad')).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('broken on purpose'),
    })
    expect(engine.process.output()).toMatch(/bad.*broken on purpose/s)
    expect(await engine.observer.result('good::ok')).toBe('ok')
    await engine.save('bad', plugin('bad', ''))
    await engine.rowThat('bad', 'running', ({ state }) => state === 'running')
    expect(await engine.observer.result('bad::ok')).toBe('ok')
  },
  30_000,
)

it.each([
  ['at import', plugin('bad', '', `throw new Error('broken on purpose')`), 'import'],
  ['at start', plugin('bad', `throw new Error('broken on purpose')`), 'start'],
])(
  'throws %s when it is saved: the old code serves on, and the row says why',
  async (_when, source, reason) => {
    const engine = await engineWith({ plugins: { bad: plugin('bad', '') } })
    await engine.save('bad', source)
    const row = await engine.rowThat('bad', 'stale', ({ stale }) => stale !== undefined)
    expect(row).toMatchObject({
      state: 'running',
      stale: { reason, error: expect.stringContaining('broken on purpose') },
    })
    expect(await engine.observer.result('bad::ok')).toBe('ok')
  },
  30_000,
)

it('throws in stop: it is replaced all the same, and the log names it', async () => {
  const source = (version: number): string =>
    plugin(
      'bad',
      `iii.registerFunction('bad::version', () => ${version}); return { stop() { throw new Error('will not stop') } }`,
    )
  const engine = await engineWith({ plugins: { bad: source(1) } })
  await engine.save('bad', source(2))
  await expect.poll(() => engine.observer.result('bad::version'), { timeout: 15_000 }).toBe(2)
  await engine.process.waitForOutput(/bad.*will not stop|will not stop.*bad/, 5_000)
}, 30_000)

it('throws in a handler: an error of that call, and of no other', async () => {
  const engine = await engineWith({
    plugins: { bad: plugin('bad', `iii.registerFunction('bad::throw', () => { throw new Error('in a handler') })`) },
  })
  expect(await engine.observer.failure('bad::throw')).toMatchObject({
    code: 'invocation_failed',
    message: 'in a handler',
  })
  expect(await engine.observer.result('bad::ok')).toBe('ok')
  expect(await engine.row('bad')).toMatchObject({ state: 'running', errors: 1, restarts: 0 })
}, 30_000)

const CRASHES = plugin(
  'bad',
  `
  iii.registerFunction('bad::timeout', () => new Promise(() => { setTimeout(() => { throw new Error('nobody catches this') }, 1) }))
  iii.registerFunction('bad::rejection', () => new Promise(() => { void Promise.reject(new Error('nobody catches that')) }))
  iii.registerFunction('bad::exit', () => { process.exit(7) })
  iii.registerFunction('bad::grow', () => { const kept = []; const grow = () => { for (let i = 0; i < 20; i++) kept.push(new Array(10_000).fill(Math.random())); setImmediate(grow) }; return new Promise(grow) })
  iii.registerFunction('bad::devour', () => { const kept = []; for (;;) kept.push(new Array(1_000_000).fill(kept.length)) })`,
)

it.each([
  ['throws in a timer', 'bad::timeout', '', 'ERROR', 'nobody catches this'],
  ['leaves a rejection unhandled', 'bad::rejection', '', 'ERROR', 'nobody catches that'],
  ['calls process.exit', 'bad::exit', '', 'EXIT', 'process.exit(7)'],
  ['grows past its memory_mb', 'bad::grow', 'memory_mb: 64', 'MEMORY', 'memory_mb of 64'],
  [
    'allocates without end in a process',
    'bad::devour',
    'isolation: process, memory_mb: 300',
    'MEMORY',
    'memory_mb of 300',
  ],
])(
  '%s: its call is stopped, the next one waits for the restart, and the row says what happened',
  async (_what, functionId, options, code, message) => {
    const engine = await engineWith({ plugins: { bad: CRASHES }, entries: `  - { name: bad, ${options} }\n` })
    expect(await engine.observer.failure(functionId)).toMatchObject({ code: 'invocation_stopped' })
    expect(await engine.observer.result('bad::ok')).toBe('ok')
    expect(await engine.row('bad')).toMatchObject({
      state: 'running',
      generation: 2,
      restarts: 1,
      last_crash: { code, message: expect.stringContaining(message) },
    })
    await engine.process.waitForOutput(/plugin 'bad' crashed/, 5_000)
  },
  40_000,
)

it('crashes three times: it is failed, calls are told so at once and why, and a start brings it back', async () => {
  const engine = await engineWith({ plugins: { bad: CRASHES }, engine: 'gate_ms: 600000' })
  for (let crash = 0; crash < 3; crash++)
    expect(await engine.observer.failure('bad::exit')).toMatchObject({ code: 'invocation_stopped' })
  await engine.rowThat('bad', 'failed', ({ state }) => state === 'failed')
  expect(await engine.row('bad')).toMatchObject({
    restarts: 2,
    error: expect.stringContaining('process.exit(7)'),
    last_crash: { code: 'EXIT' },
  })
  expect(await engine.observer.failure('bad::ok')).toMatchObject({
    code: 'plugin_unavailable',
    message: expect.stringMatching(/^Plugin 'bad' has failed: .*process\.exit\(7\)/),
  })
  await engine.observer.result('engine::plugins::start', { name: 'bad' })
  expect(await engine.observer.result('bad::ok')).toBe('ok')
}, 40_000)

it('loops for ever: it is stalled, then ended as a crash, and starts again', async () => {
  const engine = await engineWith({
    plugins: {
      // It has been read, and nothing else waits for it.
      bad: plugin('bad', `iii.registerFunction('bad::loop', async () => { await iii.listWorkers(); for (;;) {} })`),
    },
    engine: 'gate_ms: 25000',
  })
  const looping = engine.observer.call('bad::loop', {}, 60_000)
  await engine.process.waitForOutput(/plugin 'bad' is stalled/, 15_000)
  expect(await engine.row('bad')).toMatchObject({ state: 'stalled' })
  const stopped = { code: 'invocation_stopped', message: expect.stringContaining('crashed (STALLED)') }
  expect((await looping).error).toMatchObject(stopped)
  expect(await engine.observer.result('bad::ok')).toBe('ok')
  expect(await engine.row('bad')).toMatchObject({ restarts: 1, last_crash: { code: 'STALLED' } })
}, 90_000)
