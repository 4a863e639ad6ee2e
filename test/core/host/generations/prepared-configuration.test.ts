// A configuration in two phases: what is refused is refused before anything is touched, and what was prepared is committed or given
// back (`core/config/change.ts`).
import { expect, test } from 'vitest'
import { ManualClock } from '../manual-clock.ts'
import { greeter, testHost, type TestHost } from '../test-host.ts'

const configured = (name: string) => `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({
  name: '${name}',
  config: { type: 'object', properties: { text: { type: 'string' }, fail: { type: 'boolean' } } },
  start({ iii, config }) {
    if (config.fail) throw new Error('asked to fail')
    iii.registerFunction('${name}::greet', () => config.text)
  },
})
`

async function running(host: TestHost, ...names: string[]): Promise<void> {
  for (const name of names) host.write(`plugins/${name}.ts`, configured(name))
  await host.start(...names.map((name) => ({ name, config: { text: 'old' } })))
}

test('preparing and discarding leaves no trace: no generation, no history, no row, no event', async () => {
  const host = testHost()
  await running(host, 'hello')
  host.write('plugins/new.ts', greeter('new', 'new'))
  const seen = async () => {
    const { memory_bytes: _memory, event_loop_utilization: _load, ...info } = await host.host.info('hello')
    return { info, names: (await host.host.list()).map(({ name }) => name) }
  }
  expect(await host.call('hello::greet')).toBe('old')
  const before = await seen()
  const part = await host.prepare({ name: 'hello', config: { text: 'new' } }, { name: 'new' })
  expect(part.problems).toEqual([])
  expect(await seen()).toEqual(before)
  await part.discard()
  expect(await seen()).toEqual(before)
  expect([...host.router.slots.keys()]).toEqual(['hello'])
  expect(host.events.items).toEqual([])
})

test('a commit brings it into force and says what it has changed', async () => {
  const host = testHost()
  await running(host, 'hello', 'bye')
  host.write('plugins/new.ts', greeter('new', 'new'))
  const part = await host.prepare({ name: 'hello', config: { text: 'new' } }, { name: 'new' })
  await part.commit()
  expect(part.report).toEqual({ started: ['new'], reloaded: ['hello'], reconfigured: [], stopped: ['bye'] })
  expect([await host.call('hello::greet'), await host.call('new::greet')]).toEqual(['new', 'new'])
})

test('new code whose start fails at the commit takes everything back, and the rejection names it', async () => {
  const host = testHost()
  await running(host, 'a', 'b')
  const part = await host.prepare({ name: 'a', config: { text: 'new' } }, { name: 'b', config: { fail: true } })
  expect(part.problems).toEqual([])
  await expect(part.commit()).rejects.toMatchObject({
    code: 'PLUGIN_START_FAILED',
    message: expect.stringMatching(/^plugin 'b': asked to fail/),
  })
  expect([await host.call('a::greet'), await host.call('b::greet')]).toEqual(['old', 'old'])
  expect(await host.row('b')).toMatchObject({ state: 'running', stale: { reason: 'start' } })
  expect(await host.row('a')).toMatchObject({
    stale: {
      reason: 'held_up',
      error: "its changed entry waits: the configuration is refused because of plugin 'b'",
    },
  })
})

test('what a refused configuration changes as well says on whom it waits, until it waits no more', async () => {
  const host = testHost()
  await running(host, 'a', 'b', 'bye')
  host.write('plugins/new.ts', greeter('new', 'new'))
  const names = ['c', 'd', 'e', 'f']
  for (const name of names) host.write(`plugins/${name}.ts`, 'export default {')
  const [a, b] = [
    { name: 'a', config: { text: 'new' } },
    { name: 'b', config: { text: 'old' } },
  ]
  await host.apply(a, b, { name: 'new' }, ...names.map((name) => ({ name })))
  const because = "its changed entry waits: the configuration is refused because of plugins 'c', 'd', 'e' and 1 more"
  const stale = { reason: 'held_up', error: because }
  expect(await host.row('a')).toMatchObject({ state: 'running', stale })
  expect(await host.row('bye')).toMatchObject({ state: 'running', stale })
  expect(await host.row('new')).toMatchObject({ state: 'available', stale })
  expect(await host.row('f')).toMatchObject({ state: 'available', stale: { reason: 'build' } })
  expect(await host.row('b')).not.toHaveProperty('stale')
  // Taken back for one, in force for the others.
  await host.apply(a, b, { name: 'bye', config: { text: 'old' } })
  for (const name of ['a', 'bye', 'new', 'f']) expect(await host.row(name)).not.toHaveProperty('stale')
  expect(await host.call('a::greet')).toBe('new')
})

test('all that is refused is told, in full for the first three', async () => {
  const host = testHost()
  await host.start()
  const names = ['a', 'b', 'c', 'd', 'e']
  const text = 'x'.repeat(200)
  for (const name of names) host.write(`plugins/${name}.ts`, greeter(name, name, `requires: ['${text}'],`))
  const { problems, discard } = bound(await host.prepare(...names.map((name) => ({ name }))))
  expect(problems.map(({ subject, code }) => [subject, code])).toEqual(
    names.map((name) => [`plugin '${name}'`, 'PLUGIN_START_FAILED']),
  )
  expect(problems.map(({ message }) => message.includes(text))).toEqual([true, true, true, false, false])
  expect(problems[4]?.message).toMatch(/^'e' requires the plugin 'x+…$/)
  await discard()
})

test('a part that was refused can not be committed, one that is over neither', async () => {
  const host = testHost()
  await running(host, 'hello')
  const refused = await host.prepare({ name: 'hello', config: { text: 5 } })
  await expect(refused.commit()).rejects.toThrow('refused: discard it')
  await refused.discard()
  const discarded = await host.prepare({ name: 'hello', config: { text: 'new' } })
  await discarded.discard()
  await expect(discarded.commit()).rejects.toThrow('discarded already')
})

test('other wishes for what it changes wait while a part is outstanding, and have their turn when it is over', async () => {
  const host = testHost()
  await running(host, 'a', 'b')
  const part = await host.prepare({ name: 'a', config: { text: 'new' } }, { name: 'b', config: { text: 'old' } })
  const order: string[] = []
  const reload = host.host.reload('a').then(() => order.push('reload'))
  const settings = host.host.applySettings('a', { text: 'set' }).then(() => order.push('settings'))
  // It is not changed, so that its turn comes first.
  await host.host.reload('b')
  await part.commit()
  order.push('commit')
  await Promise.all([reload, settings])
  expect(order).toEqual(['commit', 'reload', 'settings'])
  expect(await host.call('a::greet')).toBe('set')
})

test('a part that is forgotten is discarded after a while, so that others have their turn', async () => {
  const clock = new ManualClock()
  const host = testHost({ clock, heldMs: 5_000 })
  await running(host, 'hello')
  const part = await host.prepare({ name: 'hello', config: { text: 'new' } })
  const reload = host.host.reload('hello')
  clock.move(5_000)
  expect(await reload).toMatchObject({ generation: 2 })
  await expect(part.commit()).rejects.toThrow('expired already')
  expect(await host.call('hello::greet')).toBe('old')
})

test('the end of the host does not wait for an outstanding part', async () => {
  const host = testHost()
  await running(host, 'hello')
  const part = await host.prepare({ name: 'hello', config: { text: 'new' } })
  await host.host.close()
  await expect(part.commit()).rejects.toThrow('discarded already')
})

test('a configuration that calls were in the way of is tried again after a while', async () => {
  const clock = new ManualClock()
  let retries = 0
  const host = testHost({ clock, engine: { drain_ms: 20 }, onRetryConfiguration: () => void (retries += 1) })
  const waits = configured('hello').replace(
    'iii.registerFunction(',
    `iii.registerFunction('hello::wait', () => new Promise(() => {}))\n    iii.registerFunction(`,
  )
  host.write('plugins/hello.ts', waits)
  await host.start({ name: 'hello', config: { text: 'old' } })
  const call = host.call('hello::wait').catch(() => {})
  for (const wait of [1_000, 2_000]) {
    const part = await host.prepare({ name: 'hello', config: { text: 'new' } })
    await expect(part.commit()).rejects.toMatchObject({ code: 'PLUGIN_BUSY' })
    const before = retries
    clock.move(wait - 1)
    expect(retries).toBe(before)
    clock.move(1)
    expect(retries).toBe(before + 1)
  }
  await host.host.stopPlugin('hello', { force: true })
  await call
})

function bound(part: Awaited<ReturnType<TestHost['prepare']>>) {
  return { problems: part.problems, discard: () => part.discard() }
}
