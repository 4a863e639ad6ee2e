// The checks of spec 09 that a user would make, end to end: through files, the configuration and a real socket.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bystanders } from '../network/bystanders.ts'
import { report } from '../network/engine-under-test.ts'
import { entry, startPluginEngine } from './plugin-engine.ts'

const LIVE_MS = 1_000
const OTHER = entry('other')

const greeter = (name: string, text: string, more = ''): string => `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({
  name: '${name}',${more}
  start({ iii, config }) {
    iii.registerFunction('${name}::greet', () => ${text})
  },
})
`
const OTHER_PLUGIN = greeter('other', `'other'`)

it('1. a plugin is dropped in, enabled, changed, broken, mended and removed in a running engine', async () => {
  const engine = await startPluginEngine({ plugins: { other: OTHER_PLUGIN } })
  const caller = await engine.connect('caller')
  const greet = (): Promise<{ result?: unknown; error?: { code: string } }> => caller.call('hello::greet')

  await engine.save('hello', greeter('hello', `'Hello'`))
  expect(await engine.rowThatIsThere('hello')).toMatchObject({
    state: 'available',
    origin: 'plugins/hello.ts',
    generation: 0,
  })
  expect((await greet()).error).toMatchObject({ code: 'function_not_found' })

  const enabledAt = performance.now()
  await engine.configure(OTHER + entry('hello'))
  await expect.poll(async () => (await greet()).result, { timeout: 10_000, interval: 5 }).toBe('Hello')
  const liveMs = Math.round(performance.now() - enabledAt)
  report(`enabled in the configuration and callable after ${liveMs} ms`)
  expect(liveMs).toBeLessThan(LIVE_MS)

  // From here on no call may fail, whatever is saved.
  const answers = new Set<unknown>()
  const over = new AbortController()
  let failure: unknown
  const calling = (async () => {
    while (!over.signal.aborted) {
      const { result, error } = await greet()
      if (error) failure ??= error
      else answers.add(result)
    }
  })()
  await engine.save('hello', greeter('hello', `'Good morning'`))
  await expect.poll(() => answers.has('Good morning'), { timeout: 10_000 }).toBe(true)

  await engine.save('hello', greeter('hello', `'unfinished`))
  const broken = await engine.rowThat('hello', 'stale', ({ stale }) => stale !== undefined)
  expect(broken).toMatchObject({
    state: 'running',
    stale: { reason: 'build', error: expect.stringMatching(/hello\.ts:5:\d+: .*[Uu]nterminated string/) },
  })
  await engine.process.waitForOutput(/hello\.ts:5:\d+/, 5_000)
  expect((await greet()).result).toBe('Good morning')

  await engine.save('hello', greeter('hello', `'Good evening'`))
  await expect.poll(() => answers.has('Good evening'), { timeout: 10_000 }).toBe(true)
  expect(await engine.row('hello')).not.toHaveProperty('stale')
  over.abort()
  await calling
  expect(failure).toBeUndefined()
  expect([...answers]).toEqual(['Hello', 'Good morning', 'Good evening'])

  await engine.configure(OTHER)
  await engine.rowThat('hello', 'available', ({ state }) => state === 'available')
  expect((await greet()).error).toMatchObject({ code: 'function_not_found' })
  expect(await caller.result('other::greet')).toBe('other')
}, 60_000)

it('2. a configuration that does not fit is refused at the start, and keeps the old one running later', async () => {
  const schema = `
  config: { type: 'object', properties: { times: { type: 'integer', default: 1 } }, additionalProperties: false },`
  const entries = (times: string): string => `  - { name: hello, config: { times: ${times} } }\n`
  const engine = await startPluginEngine({
    plugins: { hello: greeter('hello', 'config.times', schema) },
    entries: entries('often'),
  })
  expect(await engine.row('hello')).toMatchObject({
    state: 'failed',
    error: expect.stringMatching(/times.*often|often.*times/),
  })
  expect(await engine.observer.failure('engine::plugins::reload', { name: 'hello' })).toMatchObject({
    code: 'PLUGIN_CONFIG_INVALID',
    message: expect.stringContaining('config.times: must be integer'),
  })

  await engine.configure(entries('3'))
  await expect.poll(async () => (await engine.observer.call('hello::greet')).result, { timeout: 10_000 }).toBe(3)
  await engine.configure(entries('never'))
  const stale = await engine.rowThat('hello', 'stale', (row) => row.stale !== undefined)
  expect(stale).toMatchObject({
    state: 'running',
    stale: { reason: 'config', error: expect.stringContaining('config.times: must be integer') },
  })
  expect(await engine.observer.result('hello::greet')).toBe(3)
  await engine.configure(entries('4'))
  await expect.poll(async () => (await engine.observer.call('hello::greet')).result, { timeout: 10_000 }).toBe(4)
  expect(await engine.row('hello')).not.toHaveProperty('stale')
}, 60_000)

it('3. a circle of requires, a missing plugin, an id of two plugins and a reserved id are errors that name the parties', async () => {
  const requiring = (name: string, required: string): string =>
    greeter(name, `'${name}'`, `\n  requires: ['${required}'],`)
  const registering = (name: string, id: string): string =>
    greeter(name, `'${name}'`).replace(
      'start({ iii, config }) {',
      `start({ iii, config }) {\n    iii.registerFunction('${id}', () => 1)`,
    )
  const engine = await startPluginEngine({
    plugins: {
      ring: requiring('ring', 'rong'),
      rong: requiring('rong', 'ring'),
      lonely: requiring('lonely', 'nowhere'),
      first: registering('first', 'same::id'),
      second: registering('second', 'same::id'),
      thief: registering('thief', 'engine::plugins::list'),
      other: OTHER_PLUGIN,
    },
  })
  const errorOf = async (name: string): Promise<string> => {
    const { state, error = '' } = await engine.row(name)
    expect([name, state]).toEqual([name, 'failed'])
    return error
  }
  expect(await errorOf('ring')).toMatch(/ring.*rong|rong.*ring/)
  expect(await errorOf('rong')).toMatch(/ring.*rong|rong.*ring/)
  expect(await errorOf('lonely')).toContain('nowhere')
  expect(await errorOf('second')).toMatch(/same::id.*first/)
  expect(await errorOf('thief')).toContain('engine::plugins::list')
  expect(await engine.row('first')).toMatchObject({ state: 'running' })
  expect(await engine.observer.result('other::greet')).toBe('other')
  for (const name of ['ring', 'rong', 'lonely', 'second', 'thief']) expect(engine.process.output()).toContain(name)
}, 60_000)

it('4. a process with permissions cannot read outside its folders, use the network or start programs', async () => {
  const caged = `import { readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { connect } from 'node:net'
import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'caged', start({ iii }) {
  iii.registerFunction('caged::pid', () => process.pid)
  iii.registerFunction('caged::read', ({ path }) => readFileSync(path, 'utf8'))
  iii.registerFunction('caged::run', () => execFileSync(process.execPath, ['--version']).toString())
  iii.registerFunction('caged::connect', ({ port }) => new Promise((resolve, reject) => connect(port, '127.0.0.1').on('error', reject).on('connect', () => resolve('open'))))
} })
`
  const permissions = 'fs_read: ["./images"], fs_write: [], net: false, child_process: false'
  const engine = await startPluginEngine({
    plugins: { caged },
    entries: `  - { name: caged, isolation: process, permissions: { ${permissions} } }\n`,
  })
  const { dir, port } = engine.folder
  await mkdir(join(dir, 'images'))
  await writeFile(join(dir, 'images', 'cat.txt'), 'a cat')
  await writeFile(join(dir, 'secret.txt'), 'a secret')
  expect(await engine.row('caged')).toMatchObject({ state: 'running', isolation: 'process' })
  expect(await engine.observer.result('caged::pid')).not.toBe(engine.process.pid)
  expect(await engine.observer.result('caged::read', { path: join(dir, 'images', 'cat.txt') })).toBe('a cat')
  for (const [functionId, data] of [
    ['caged::read', { path: join(dir, 'secret.txt') }],
    ['caged::run', {}],
    ['caged::connect', { port }],
  ] as const) {
    expect(await engine.observer.failure(functionId, data), functionId).toMatchObject({
      code: 'invocation_failed',
      message: expect.stringMatching(/permission|ERR_ACCESS_DENIED|Access to this API/i),
    })
  }
}, 60_000)

describe('5. replicas', () => {
  const shared = (version: number): string => `import { threadId } from 'node:worker_threads'
import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'shared', overlap: true, start({ iii, replica }) {
  iii.registerFunction('shared::work', () => {
    const until = performance.now() + 5
    while (performance.now() < until);
    return { replica, thread: threadId, version: ${version} }
  })
  iii.registerFunction('shared::crash', () => { process.exit(1) })
} })
`

  it('share the calls of a CPU-bound plugin; one crashes and the other serves; both are replaced without a failed call', async () => {
    const engine = await startPluginEngine({
      plugins: { shared: shared(1) },
      entries: '  - { name: shared, replicas: 2 }\n',
    })
    const others = await bystanders(engine.folder.url)
    const caller = await engine.connect('caller')
    const work = (): Promise<{ replica: number; thread: number; version: number }> => caller.result('shared::work')
    expect(await engine.row('shared')).toMatchObject({ replicas: 2 })
    const first = await Promise.all(Array.from({ length: 40 }, work))
    expect(new Set(first.map(({ thread }) => thread)).size).toBe(2)
    expect(new Set(first.map(({ replica }) => replica))).toEqual(new Set([0, 1]))

    expect(await caller.failure('shared::crash')).toMatchObject({ code: 'invocation_stopped' })
    await Promise.all(Array.from({ length: 20 }, work))
    await engine.rowThat('shared', 'whole again', ({ replicas, restarts }) => replicas === 2 && restarts === 1)
    expect((await engine.row('shared')).last_crash).toMatchObject({ code: 'EXIT' })

    await engine.save('shared', shared(2))
    for (let answered = 0; answered < 3;) if ((await work()).version === 2) answered++
    const last = await Promise.all(Array.from({ length: 40 }, work))
    expect(new Set(last.map(({ version }) => version))).toEqual(new Set([2]))
    expect(new Set(last.map(({ replica }) => replica))).toEqual(new Set([0, 1]))
    await others.stop()
  }, 60_000)
})

it('a plugin file that is deleted while it runs goes on serving, and says so', async () => {
  const engine = await startPluginEngine({ plugins: { hello: greeter('hello', `'Hello'`) } })
  await rm(join(engine.folder.dir, 'plugins', 'hello.ts'))
  expect(await engine.observer.failure('engine::plugins::reload', { name: 'hello' })).toMatchObject({
    code: 'PLUGIN_BUILD_FAILED',
  })
  expect(await engine.observer.result('hello::greet')).toBe('Hello')
  expect(await engine.row('hello')).toMatchObject({ state: 'running', stale: { reason: 'build' } })
}, 30_000)
