// Each rule of "Change of generation" in the design, with real threads and the real router.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { greeter, releaseFromInside, testHost, type TestHost } from '../test-host.ts'

/** A plugin whose `slow::wait` answers when `slow::release` was called, with the text of the code that took it. */
function slow(text: string, more = ''): string {
  return `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({
  name: 'slow',
  ${more}
  start({ iii }) {
    let release
    const released = new Promise((resolve) => (release = resolve))
    iii.registerFunction('slow::wait', async () => { await released; return '${text}' })
    iii.registerFunction('slow::release', () => { release() })
    iii.registerFunction('slow::greet', () => '${text}')
    iii.registerFunction('slow::twice', async () => {
      await iii.trigger({ function_id: 'go', payload: {} })
      return [await iii.trigger({ function_id: 'slow::greet', payload: {} }), '${text}']
    })
    return { async stop() { await iii.trigger({ function_id: 'stopping', payload: { text: '${text}' } }).catch(() => {}) } }
  },
})
`
}

async function running(host: TestHost, file: string, text: string, name = file): Promise<void> {
  host.write(`plugins/${file}.ts`, text)
  await host.start({ name })
}

describe('drain', () => {
  test('lets calls in flight end and holds new ones, which the new code answers in order', async () => {
    const host = testHost()
    await running(host, 'slow', slow('one'))
    const early = host.call('slow::wait')
    await inFlight(host, 'slow', 1)
    host.write('plugins/slow.ts', slow('two'))
    const reload = host.host.reload('slow')
    await draining(host, 'slow')
    const held = [host.call('slow::greet'), host.call('slow::greet')]
    releaseFromInside(host, 'slow')
    expect(await early).toBe('one')
    expect(await reload).toMatchObject({ generation: 2 })
    expect(await Promise.all(held)).toEqual(['two', 'two'])
  })

  test('that does not end leaves the old code serving, shown as busy, and is tried again', async () => {
    const host = testHost({ engine: { drain_ms: 50 } })
    await running(host, 'slow', slow('one'))
    const early = host.call('slow::wait')
    host.write('plugins/slow.ts', slow('two'))
    await expect(host.host.reload('slow')).rejects.toMatchObject({ code: 'PLUGIN_BUSY' })
    expect(await host.row('slow')).toMatchObject({ state: 'running', generation: 1, stale: { reason: 'busy' } })
    expect(await host.call('slow::greet')).toBe('one')
    host.forgetEvents()
    await host.call('slow::release')
    expect(await early).toBe('one')
    await host.event('reloaded')
    expect(await host.call('slow::greet')).toBe('two')
    expect(await host.row('slow')).not.toHaveProperty('stale')
  })

  test('that does not end is blamed on the calls it waited for, not on those that waited for it', async () => {
    const host = testHost({ engine: { drain_ms: 300 } })
    await running(host, 'slow', slow('one'))
    const early = host.call('slow::wait')
    await inFlight(host, 'slow', 1)
    host.write('plugins/slow.ts', slow('two'))
    const refused = expect(host.host.reload('slow')).rejects.toThrow("'slow' (1 in flight)")
    await draining(host, 'slow')
    const held = host.call('slow::wait')
    await refused
    await host.call('slow::release')
    expect(await Promise.all([early, held])).toEqual(['one', 'one'])
  })

  test('with force fails what is left with invocation_stopped', async () => {
    const host = testHost({ engine: { drain_ms: 50 } })
    await running(host, 'slow', slow('one'))
    const early = host.call('slow::wait').catch((error: unknown) => error)
    host.write('plugins/slow.ts', slow('two'))
    expect(await host.host.reload('slow', { force: true })).toMatchObject({ generation: 2 })
    expect(await early).toMatchObject({ code: 'invocation_stopped' })
    expect(await host.call('slow::greet')).toBe('two')
  })

  test('a stop fails what is left as well', async () => {
    const host = testHost({ engine: { drain_ms: 50 } })
    await running(host, 'slow', slow('one'))
    const early = host.call('slow::wait').catch((error: unknown) => error)
    await host.host.stopPlugin('slow')
    expect(await early).toMatchObject({ code: 'invocation_stopped' })
  })

  test('lets the calls of the draining plugin pass, to itself and through another plugin', async () => {
    const host = testHost()
    host.write('plugins/slow.ts', slow('one'))
    host.write(
      'plugins/go.ts',
      `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'go', start({ iii }) {
  let release
  const released = new Promise((resolve) => (release = resolve))
  iii.registerFunction('go', async () => { await released; return iii.trigger({ function_id: 'slow::greet', payload: {} }) })
  iii.registerFunction('go::release', () => { release() })
} })
`,
    )
    await host.start({ name: 'slow' }, { name: 'go' })
    const early = host.call('slow::twice')
    await inFlight(host, 'go', 1)
    host.write('plugins/slow.ts', slow('two'))
    const reload = host.host.reload('slow')
    await draining(host, 'slow')
    await host.call('go::release')
    expect(await early).toEqual(['one', 'one'])
    expect(await reload).toMatchObject({ generation: 2 })
  })
})

describe('switch', () => {
  test('stop() still makes its calls, with the reason', async () => {
    const host = testHost()
    host.write('plugins/slow.ts', slow('one'))
    host.write(
      'plugins/ear.ts',
      `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'ear', start({ iii }) {
  const heard = []
  iii.registerFunction('stopping', ({ text }) => { heard.push(text) })
  iii.registerFunction('heard', () => heard)
} })
`,
    )
    await host.start({ name: 'slow' }, { name: 'ear' })
    await host.host.reload('slow')
    await host.host.stopPlugin('slow')
    expect(await host.call('heard')).toEqual(['one', 'one'])
  })

  test('a port moves from the old generation to the new one', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    await once(server, 'close')
    const host = testHost()
    await running(
      host,
      'port',
      `import { createServer } from 'node:http'
import { once } from 'node:events'
import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'port', async start({ iii }) {
  const server = createServer().listen(${port}, '127.0.0.1')
  await once(server, 'listening')
  iii.registerFunction('port::here', () => server.address().port)
} })
`,
    )
    expect(await host.host.reload('port')).toMatchObject({ generation: 2 })
    expect(await host.call('port::here')).toBe(port)
  })

  test('a start() that fails brings the old code back, and calls waited for it', async () => {
    const host = testHost()
    await running(host, 'hello', greeter('hello', 'one'))
    host.write(
      'plugins/hello.ts',
      greeter('hello', 'two').replace('start({ iii }) {', `start({ iii }) { throw new Error('no luck')`),
    )
    const reload = host.host.reload('hello')
    const during = Promise.all(Array.from({ length: 20 }, () => host.call('hello::greet')))
    await expect(reload).rejects.toMatchObject({
      code: 'PLUGIN_START_FAILED',
      message: expect.stringMatching(/^no luck \(plugins\/hello\.ts:\d+:\d+\)$/),
    })
    expect(new Set(await during)).toEqual(new Set(['one']))
    expect(await host.call('hello::greet')).toBe('one')
    expect(await host.row('hello')).toMatchObject({ state: 'running', generation: 1, stale: { reason: 'start' } })
  })

  test('a start() that takes too long is given up', async () => {
    const host = testHost({ engine: { start_ms: 1_000 } })
    await running(host, 'hello', greeter('hello', 'one'))
    host.write(
      'plugins/hello.ts',
      greeter('hello', 'two').replace('start({ iii }) {', 'async start({ iii }) { await new Promise(() => {});'),
    )
    await expect(host.host.reload('hello')).rejects.toMatchObject({ code: 'PLUGIN_TIMEOUT' })
    expect(await host.call('hello::greet')).toBe('one')
  })

  test('a start() that blocks its thread is not waited for a second time by stop()', async () => {
    const host = testHost({ engine: { start_ms: 1_000, stop_ms: 60_000 } })
    await running(host, 'hello', greeter('hello', 'one'))
    host.write('plugins/hello.ts', greeter('hello', 'two').replace('start({ iii }) {', 'start({ iii }) { for (;;) {}'))
    await expect(host.host.reload('hello')).rejects.toMatchObject({ code: 'PLUGIN_TIMEOUT' })
    expect(await host.call('hello::greet')).toBe('one')
    expect(host.lines.join('\n')).toContain("stop() of plugin 'hello' did not end within 500 ms")
  })

  test('a stop() that fails or never ends does not keep the new code away', async () => {
    const host = testHost({ engine: { stop_ms: 200 } })
    const withStop = (text: string, stop: string) =>
      greeter('hello', text).replace(`'${text}')`, `'${text}')\n    return { stop() { ${stop} } }`)
    await running(host, 'hello', withStop('one', `throw new Error('never mind')`))
    host.write('plugins/hello.ts', withStop('two', 'return new Promise(() => {})'))
    await host.host.reload('hello')
    expect(await host.call('hello::greet')).toBe('two')
    host.write('plugins/hello.ts', withStop('three', 'for (;;) {}'))
    await host.host.reload('hello')
    expect(await host.call('hello::greet')).toBe('three')
    await host.host.reload('hello')
    expect(host.lines.join('\n')).toContain('never mind')
  })

  test('old and new code that both fail leave the plugin failed, and calls of it are told so at once', async () => {
    const host = testHost({ engine: { gate_ms: 100 } })
    // Starts once per file on disk.
    const once = (text: string) => `import { existsSync, writeFileSync } from 'node:fs'
${greeter('hello', text).replace(
  'start({ iii }) {',
  `start({ iii, dataDir }) {
    if (existsSync(dataDir + '/started')) throw new Error('only once')
    writeFileSync(dataDir + '/started', '')`,
)}`
    await running(host, 'hello', once('one'))
    host.write('plugins/hello.ts', once('two'))
    await expect(host.host.reload('hello')).rejects.toMatchObject({ code: 'PLUGIN_START_FAILED' })
    expect(await host.row('hello')).toMatchObject({ state: 'failed', error: expect.stringContaining('only once') })
    await expect(host.call('hello::greet')).rejects.toMatchObject({ code: 'plugin_unavailable' })
    host.write('plugins/hello.ts', greeter('hello', 'three'))
    await host.host.reload('hello')
    expect(await host.call('hello::greet')).toBe('three')
  })

  test('functions that the new code no longer has are gone', async () => {
    const host = testHost()
    await running(host, 'hello', greeter('hello', 'one').replaceAll('hello::greet', 'hello::old'))
    host.write('plugins/hello.ts', greeter('hello', 'two'))
    await host.host.reload('hello')
    await expect(host.call('hello::old')).rejects.toMatchObject({ code: 'function_not_found' })
    expect(await host.call('hello::greet')).toBe('two')
  })
})

describe('under load', () => {
  test('no call fails, is lost or overtakes another while a plugin is reloaded again and again', async () => {
    const host = testHost()
    const counting = (text: string) => greeter('hello', text).replace(`() => '${text}'`, `({ n }) => n`)
    await running(host, 'hello', counting('one'))
    const load = { going: true }
    const answers: unknown[][] = [[], [], [], []]
    const callers = answers.map(async (own) => {
      for (let n = 0; load.going; n += 8) {
        own.push(
          ...(await Promise.all(Array.from({ length: 8 }, (_, index) => host.call('hello::greet', { n: n + index })))),
        )
      }
    })
    for (let round = 0; round < 8; round++) await host.host.reload('hello')
    load.going = false
    await Promise.all(callers)
    for (const own of answers) {
      expect(own.length).toBeGreaterThan(0)
      expect(own).toEqual(own.map((_, index) => index))
    }
    expect(await host.row('hello')).toMatchObject({ generation: 9, errors: 0 })
  })

  test('two plugins that call each other can be saved together', async () => {
    const host = testHost({ watch: true })
    const pair = (name: string, other: string, version: number) => `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: '${name}', start({ iii }) {
  iii.registerFunction('${name}::version', () => ${version})
  iii.registerFunction('${name}::down', ({ n }) => n === 0 ? 0 : iii.trigger({ function_id: '${other}::down', payload: { n: n - 1 } }))
} })
`
    const save = (version: number): void => {
      host.write('plugins/a.ts', pair('a', 'b', version))
      host.write('plugins/b.ts', pair('b', 'a', version))
    }
    save(0)
    await host.start({ name: 'a' }, { name: 'b' })
    const load = { going: true, answers: 0 }
    const callers = ['a::down', 'b::down', 'a::down'].map(async (id) => {
      while (load.going) {
        expect(await host.call(id, { n: 6 })).toBe(0)
        load.answers += 1
      }
    })
    for (let version = 1; version <= 5; version++) {
      host.forgetEvents()
      save(version)
      await Promise.all([host.event('reloaded', 'a'), host.event('reloaded', 'b')])
      expect([await host.call('a::version'), await host.call('b::version')]).toEqual([version, version])
    }
    load.going = false
    await Promise.all(callers)
    expect(load.answers).toBeGreaterThan(0)
    const [a, b] = [await host.row('a'), await host.row('b')]
    expect([a.errors, b.errors, a.stale, b.stale]).toEqual([0, 0, undefined, undefined])
  })

  test('of several wishes that wait only one is carried out', async () => {
    const host = testHost()
    await running(host, 'hello', greeter('hello', 'one'))
    const results = await Promise.all(Array.from({ length: 5 }, () => host.host.reload('hello')))
    expect(new Set(results.map(({ generation }) => generation)).size).toBeLessThanOrEqual(2)
  })
})

describe('overlap', () => {
  test('the new generation serves while the old one still answers its calls', async () => {
    const host = testHost()
    await running(host, 'slow', slow('one', 'overlap: true,'))
    const early = host.call('slow::wait')
    await inFlight(host, 'slow', 1)
    host.write('plugins/slow.ts', slow('two', 'overlap: true,'))
    expect(await host.host.reload('slow')).toMatchObject({ generation: 2 })
    expect(await host.call('slow::greet')).toBe('two')
    const old = [...host.router.workers.values()].find((worker) => worker.calls.size > 0)
    expect(old?.phase).toBe('leaving')
    host.router.failCalls(old!)
    await expect(early).rejects.toMatchObject({ code: 'invocation_stopped' })
  })

  test('replicas share the calls', async () => {
    const host = testHost()
    host.write(
      'plugins/many.ts',
      `import { threadId } from 'node:worker_threads'
import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'many', overlap: true, start({ iii, replica }) {
  iii.registerFunction('many::where', () => replica)
} })
`,
    )
    await host.start({ name: 'many', replicas: 2 })
    expect(await host.row('many')).toMatchObject({ replicas: 2 })
    const answers = await Promise.all(Array.from({ length: 20 }, () => host.call('many::where')))
    expect(new Set(answers)).toEqual(new Set([0, 1]))
  })
})

describe('a configuration change of several plugins', () => {
  test('goes back as a whole when one of them does not start', async () => {
    const host = testHost()
    const picky = (name: string) =>
      greeter(name, name)
        .replace(
          'start({ iii }) {',
          `config: { type: 'object', properties: { bad: { type: 'boolean' }, n: { type: 'number' } } },
  start({ iii, config }) { if (config.bad) throw new Error('bad indeed')`,
        )
        .replace(`() => '${name}'`, `() => config.n`)
    host.write('plugins/a.ts', picky('a'))
    host.write('plugins/b.ts', picky('b'))
    host.write('plugins/c.ts', greeter('c', 'c'))
    await host.start({ name: 'a', config: { n: 1 } }, { name: 'b', config: { n: 1 } }, { name: 'c' })
    const report = await host.apply({ name: 'a', config: { n: 2 } }, { name: 'b', config: { n: 2, bad: true } })
    expect(report).toMatchObject({ applied: false, problems: [{ message: expect.stringContaining('bad indeed') }] })
    expect(await host.call('a::greet')).toBe(1)
    expect(await host.call('b::greet')).toBe(1)
    expect(await host.call('c::greet')).toBe('c')
    expect(await host.row('b')).toMatchObject({ stale: { reason: 'start' } })
    expect(await host.apply({ name: 'a', config: { n: 2 } }, { name: 'b', config: { n: 2 } })).toMatchObject({
      reloaded: ['a', 'b'],
      stopped: ['c'],
    })
    expect(await host.call('a::greet')).toBe(2)
  })

  test('starts plugins in the order of what they require', async () => {
    const host = testHost()
    host.write(
      'plugins/a.ts',
      greeter('a', 'a', `requires: ['b'],`).replace(
        'start({ iii }) {',
        `async start({ iii }) {
    await iii.trigger({ function_id: 'b::greet', payload: {} })`,
      ),
    )
    host.write('plugins/b.ts', greeter('b', 'b'))
    expect(await host.start({ name: 'a' }, { name: 'b' })).toMatchObject({ started: ['a', 'b'], failed: [] })
    expect(await host.apply()).toMatchObject({ applied: true })
    expect(await host.apply({ name: 'a' }, { name: 'b' })).toMatchObject({ applied: true })
    expect(await host.call('a::greet')).toBe('a')
  })
})

/** The plugin's gate is closed: its hand-over waits for calls in flight. */
async function draining(host: TestHost, name: string): Promise<void> {
  await until(() => host.router.slots.get(name)?.phase === 'closed')
}

async function inFlight(host: TestHost, name: string, calls: number): Promise<void> {
  await until(() => host.router.slots.get(name)?.inFlight === calls)
}

/** Looks again with every turn of the event loop, for at most five seconds. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('it did not come to that within 5 s')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
