// Plugins that misbehave: the engine serves all else, says which plugin and why, and starts it again within its budget.
import { describe, expect, test, vi } from 'vitest'
import { greeter, releaseFromInside, testHost, type TestHost } from './test-host.ts'

const MISBEHAVING = `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'bad', start({ iii }) {
  iii.registerFunction('bad::greet', () => 'still here')
  iii.registerFunction('bad::throw', () => { throw new Error('in a handler') })
  iii.registerFunction('bad::exit', () => { process.exit(3) })
  iii.registerFunction('bad::uncaught', () => new Promise(() => { setImmediate(() => { throw new Error('nobody caught this') }) }))
  iii.registerFunction('bad::rejection', () => new Promise(() => { Promise.reject(new Error('nobody caught that')) }))
  iii.registerFunction('bad::leave', () => new Promise(() => { setTimeout(() => process.exit(4), 300) }))
  iii.registerFunction('bad::loop', () => { for (;;) {} })
  iii.registerFunction('bad::grow', () => new Promise(() => {
    globalThis.kept = []
    const grow = () => { for (let i = 0; i < 20; i++) globalThis.kept.push(new Array(10_000).fill(Math.random())); setImmediate(grow) }
    grow()
  }))
} })
`

async function withBad(host: TestHost, entry = {}): Promise<void> {
  host.write('plugins/bad.ts', MISBEHAVING)
  host.write('plugins/good.ts', greeter('good', 'fine'))
  await host.start({ name: 'bad', ...entry }, { name: 'good' })
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'an answer',
    (error: unknown) => error,
  )

describe('a crash', () => {
  test('in a handler is an error of the call alone', async () => {
    const host = testHost()
    await withBad(host)
    await expect(host.call('bad::throw')).rejects.toMatchObject({ code: 'invocation_failed', message: 'in a handler' })
    expect(await host.row('bad')).toMatchObject({ state: 'running', generation: 1, errors: 1, restarts: 0 })
  })

  test.each([
    ['process.exit', 'bad::exit', 'EXIT', 'process.exit(3)'],
    ['an uncaught error', 'bad::uncaught', 'ERROR', 'nobody caught this'],
    ['an unhandled rejection', 'bad::rejection', 'ERROR', 'nobody caught that'],
  ])(
    'by %s stops its calls, is named and followed by a restart that the next call waits for',
    async (_what, id, code, message) => {
      const host = testHost()
      await withBad(host)
      const stopped = failure(host.call(id))
      expect(await stopped).toMatchObject({
        code: 'invocation_stopped',
        message: expect.stringMatching(`^Invocation stopped: plugin 'bad' crashed .${code}.: `),
      })
      expect(await host.call('good::greet')).toBe('fine')
      expect(await host.call('bad::greet')).toBe('still here')
      expect(await host.row('bad')).toMatchObject({
        state: 'running',
        generation: 2,
        restarts: 1,
        last_crash: { code, message: expect.stringContaining(message) },
      })
      const { history } = await host.host.info('bad')
      expect(history.map(({ to, cause }) => `${cause} ${to}`)).toEqual([
        'boot running',
        'crash restarting',
        'crash running',
      ])
    },
  )

  test('that comes three times makes the plugin failed, and new code lets it run again', async () => {
    const host = testHost({ engine: { gate_ms: 5_000 } })
    await withBad(host)
    for (let crash = 1; crash <= 3; crash++) {
      expect(await failure(host.call('bad::exit'))).toMatchObject({ code: 'invocation_stopped' })
    }
    expect(await host.event('failed', 'bad')).toMatchObject({ error: expect.stringContaining('process.exit') })
    expect(await host.row('bad')).toMatchObject({ state: 'failed', restarts: 2 })
    expect(host.lines.join('\n')).toContain('mend and save it, or run: iii plugins start bad')
    await host.host.reload('bad')
    expect(await host.call('bad::greet')).toBe('still here')
  })

  test('counts although the clock of the system is set a day ahead after it', async () => {
    const host = testHost({ engine: { gate_ms: 5_000, crash_budget: 2 } })
    await withBad(host)
    const now = Date.now.bind(Date)
    let days = 0
    vi.spyOn(Date, 'now').mockImplementation(() => now() + days * 24 * 3_600_000)
    await failure(host.call('bad::exit'))
    expect(await host.call('bad::greet')).toBe('still here')
    days = 1
    await failure(host.call('bad::exit'))
    await host.event('failed', 'bad')
  })

  test('with the budget of one makes it failed at once, and whoever calls or has been waiting is told so and why', async () => {
    const host = testHost({ engine: { crash_budget: 1, gate_ms: 600_000 } })
    await withBad(host)
    const refusal = {
      code: 'plugin_unavailable',
      message: "Plugin 'bad' has failed: it called process.exit(3); see: iii plugins list",
    }
    await failure(host.call('bad::exit'))
    await host.event('failed', 'bad')
    expect(await failure(host.call('bad::greet'))).toMatchObject(refusal)
    expect(await host.call('good::greet')).toBe('fine')
    // New code that does not start either: calls wait while it is tried, and are told the new reason.
    host.write(
      'plugins/bad.ts',
      MISBEHAVING.replace('start({ iii }) {', "start({ iii }) { throw new Error('not today');"),
    )
    await expect(host.host.reload('bad')).rejects.toThrow('not today')
    expect(await failure(host.call('bad::greet'))).toMatchObject({ message: expect.stringContaining('not today') })
  })

  test('while the plugin drains ends the drain: the new code comes at once', async () => {
    const host = testHost({ engine: { drain_ms: 60_000 } })
    await withBad(host)
    const never = failure(host.call('bad::leave'))
    const reload = host.host.reload('bad')
    expect(await never).toMatchObject({ code: 'invocation_stopped' })
    expect(await reload).toMatchObject({ generation: 2 })
    expect(await host.call('bad::greet')).toBe('still here')
    expect(await host.row('bad')).toMatchObject({
      restarts: 0,
      last_crash: { code: 'EXIT', message: expect.stringContaining('4') },
    })
  })

  test('of a plugin that is stopped meanwhile is not followed by a restart', async () => {
    const host = testHost()
    await withBad(host)
    await failure(host.call('bad::exit'))
    expect(await host.host.stopPlugin('bad')).toMatchObject({ state: 'stopped' })
    await expect(host.call('bad::greet')).rejects.toMatchObject({ code: 'function_not_found' })
    expect(await host.host.startPlugin('bad')).toMatchObject({ state: 'running' })
  })
})

describe('a plugin that', () => {
  test('loops for ever is stalled first and then ended', async () => {
    const host = testHost({ stalls: { stalledMs: 100, crashMs: 400, checkEveryMs: 20 } })
    await withBad(host)
    const looping = failure(host.call('bad::loop'))
    const behind = failure(host.call('bad::greet'))
    expect(await looping).toMatchObject({
      code: 'invocation_stopped',
      message: expect.stringMatching(
        /^Invocation stopped: plugin 'bad' crashed \(STALLED\): it read nothing for \d+ ms$/,
      ),
    })
    expect(await behind).toMatchObject({ code: 'invocation_stopped' })
    expect(await host.call('bad::greet')).toBe('still here')
    expect(await host.row('bad')).toMatchObject({ last_crash: { code: 'STALLED' } })
    expect(host.lines.join('\n')).toContain("plugin 'bad' is stalled")
  })

  test('grows past its memory_mb is ended with code MEMORY', async () => {
    const host = testHost()
    await withBad(host, { memoryMb: 64 })
    expect(await failure(host.call('bad::grow'))).toMatchObject({
      code: 'invocation_stopped',
      message: expect.stringMatching(/plugin 'bad' crashed \(MEMORY\): it used \d+ MB, more than its memory_mb of 64$/),
    })
    expect(await host.call('bad::greet')).toBe('still here')
    expect(await host.row('bad')).toMatchObject({
      last_crash: { code: 'MEMORY', message: expect.stringContaining('memory_mb of 64') },
    })
  })

  test('crashes in one of two replicas leaves the other serving, and both are there again', async () => {
    const host = testHost()
    host.write('plugins/bad.ts', MISBEHAVING.replace(`name: 'bad',`, `name: 'bad', overlap: true,`))
    await host.start({ name: 'bad', replicas: 2 })
    expect(await failure(host.call('bad::exit'))).toMatchObject({ code: 'invocation_stopped' })
    expect(await Promise.all([host.call('bad::greet'), host.call('bad::greet')])).toEqual(['still here', 'still here'])
    await host.event('reloaded', 'bad')
    expect(await host.row('bad')).toMatchObject({
      state: 'running',
      replicas: 2,
      restarts: 1,
      last_crash: { code: 'EXIT' },
    })
  })
})

describe('of two plugins whose entries change together', () => {
  const CALLED = `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'called', config: { type: 'object', properties: { text: { type: 'string' } } }, start({ iii, config }) {
  iii.registerFunction('called::exit', () => { process.exit(3) })
  iii.registerFunction('called::text', () => config.text)
} })
`
  /** `caller::go` waits for `caller::release`, then has the other one crash and calls it again. */
  const CALLER = `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'caller', config: { type: 'object', properties: { text: { type: 'string' } } }, start({ iii, config }) {
  const { promise, resolve } = Promise.withResolvers()
  iii.registerFunction('caller::release', () => resolve())
  iii.registerFunction('caller::go', async () => {
    await promise
    await iii.trigger({ function_id: 'called::exit', payload: {} }).catch(() => {})
    return [config.text, await iii.trigger({ function_id: 'called::text', payload: {} })]
  })
  iii.registerFunction('caller::text', () => config.text)
} })
`
  const entries = (text: string) => [
    { name: 'caller', config: { text } },
    { name: 'called', config: { text } },
  ]

  test('one that crashes when the other one calls it is started again first, and then both change', async () => {
    const { promise: applied, resolve } = Promise.withResolvers<unknown>()
    const host = testHost({ engine: { drain_ms: 600_000 }, onApplied: resolve })
    host.write('plugins/called.ts', CALLED)
    host.write('plugins/caller.ts', CALLER)
    await host.start(...entries('old'))
    const early = host.call('caller::go')
    const change = host.apply(...entries('new'))
    await vi.waitUntil(() => host.router.slots.get('caller')?.phase === 'closed')
    const waiting = host.call('called::text')
    releaseFromInside(host, 'caller')
    const { problems } = await change
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining("calls wait for plugin 'called', which ended meanwhile and is started again first"),
    ])
    expect(await early).toEqual(['old', 'old'])
    expect(await waiting).toBe('old')
    await applied
    expect(await Promise.all([host.call('caller::text'), host.call('called::text')])).toEqual(['new', 'new'])
  })

  test('one that crashes while all are stopped is not waited for by the other', async () => {
    const host = testHost({ engine: { drain_ms: 600_000 } })
    host.write('plugins/called.ts', CALLED)
    host.write('plugins/caller.ts', CALLER)
    await host.start(...entries('old'))
    const early = failure(host.call('caller::go'))
    const closed = host.host.close()
    await vi.waitUntil(() => host.router.slots.get('caller')?.phase === 'closed')
    releaseFromInside(host, 'caller')
    expect(await early).toMatchObject({ message: expect.stringContaining("Plugin 'called' has ended") })
    await closed
  })

  test('one that has failed, and whose change is put off, refuses calls as before', async () => {
    const host = testHost({ engine: { crash_budget: 1, gate_ms: 600_000, drain_ms: 50 } })
    host.write('plugins/called.ts', CALLED)
    host.write('plugins/caller.ts', CALLER)
    await host.start(...entries('old'))
    await failure(host.call('called::exit'))
    await host.event('failed', 'called')
    const early = failure(host.call('caller::go'))
    expect(await host.apply(...entries('new'))).toMatchObject({ applied: false })
    expect(await failure(host.call('called::text'))).toMatchObject({ code: 'plugin_unavailable' })
    await host.call('caller::release')
    expect(await early).toMatchObject({ message: expect.stringContaining("Plugin 'called' has failed") })
  })
})

describe('a shared thread', () => {
  test('holds several plugins, and one leaves it at its first reload', async () => {
    const host = testHost()
    host.write('plugins/a.ts', greeter('a', 'a', `isolation: 'shared',`))
    host.write('plugins/b.ts', greeter('b', 'b', `isolation: 'shared',`))
    await host.start({ name: 'a' }, { name: 'b' })
    const [a, b] = [await host.row('a'), await host.row('b')]
    expect(a.isolation).toBe('shared')
    expect(a.thread).toBe(b.thread)
    await host.host.reload('a')
    expect((await host.row('a')).thread).not.toBe(b.thread)
    expect((await host.row('b')).thread).toBe(b.thread)
    expect([await host.call('a::greet'), await host.call('b::greet')]).toEqual(['a', 'b'])
  })

  test('that crashed names the culprit; all its plugins come back apart', async () => {
    const host = testHost()
    host.write('plugins/bad.ts', MISBEHAVING.replace(`name: 'bad',`, `name: 'bad', isolation: 'shared',`))
    const never = "iii.registerFunction('a::never', () => new Promise(() => {}))"
    const source = greeter('a', 'a', `isolation: 'shared',`).replace('start({ iii }) {', `start({ iii }) { ${never}`)
    host.write('plugins/a.ts', source)
    await host.start({ name: 'bad' }, { name: 'a' })
    const innocent = failure(host.call('a::never'))
    await failure(host.call('bad::uncaught'))
    expect(await innocent).toMatchObject({
      message: "Invocation stopped: plugin 'a' ended with the thread that it shares (ERROR): nobody caught this",
    })
    expect([await host.call('a::greet'), await host.call('bad::greet')]).toEqual(['a', 'still here'])
    const [bad, a] = [await host.row('bad'), await host.row('a')]
    expect(bad.thread).not.toBe(a.thread)
    expect(bad).toMatchObject({ last_crash: { code: 'ERROR' }, restarts: 1 })
    expect(a).not.toHaveProperty('last_crash')
  })
})

test('an error of a plugin that is being ended harms nobody', async () => {
  const host = testHost({ engine: { stop_ms: 100 } })
  host.write(
    'plugins/bad.ts',
    `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'bad', start({ iii }) {
  iii.registerFunction('bad::greet', () => 'still here')
  return { stop() { setImmediate(() => { throw new Error('thrown while stopping') }); return new Promise(() => {}) } }
} })
`,
  )
  await host.start({ name: 'bad' })
  for (let round = 0; round < 3; round++) await host.host.reload('bad')
  expect(await host.call('bad::greet')).toBe('still here')
  expect(await host.row('bad')).toMatchObject({ state: 'running', generation: 4, restarts: 0 })
})
