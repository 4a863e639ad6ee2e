// What is wanted and refused: it is shown for as long as it lies there, and holds nothing else up.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { greeter, testHost } from './test-host.ts'

const schema = (properties: string) =>
  `config: { type: 'object', properties: { ${properties} }, additionalProperties: false },`

describe('code that does not fit its entry', () => {
  const SIZE = schema(`size: { type: 'number' }`)
  const COLOUR = schema(`colour: { type: 'string' }`)

  test('stays refused when the configuration is saved for another reason', async () => {
    const host = testHost({ watch: true })
    host.write('plugins/hello.ts', greeter('hello', 'one', SIZE))
    host.write('plugins/other.ts', greeter('other', 'other'))
    await host.start({ name: 'hello', config: { size: 1 } })
    host.write('plugins/hello.ts', greeter('hello', 'two', COLOUR))
    await host.event('stale', 'hello')
    expect(await host.apply({ name: 'hello', config: { size: 1 } }, { name: 'other' })).toMatchObject({ applied: true })
    expect(await host.row('hello')).toMatchObject({ stale: { reason: 'config' } })
    expect(host.lines.join('')).not.toContain('up to date again')
  })

  test('runs as soon as the entry is made for it', async () => {
    const host = testHost({ watch: true })
    host.write('plugins/hello.ts', greeter('hello', 'one', SIZE))
    await host.start({ name: 'hello', config: { size: 1 } })
    host.write('plugins/hello.ts', greeter('hello', 'two', COLOUR))
    await host.event('stale', 'hello')
    expect(await host.apply({ name: 'hello', config: { colour: 'red' } })).toMatchObject({ reloaded: ['hello'] })
    expect(await host.call('hello::greet')).toBe('two')
    expect(await host.row('hello')).not.toHaveProperty('stale')
  })

  test('is tried again when settings that fit both are applied in place', async () => {
    const inPlace = (text: string, more: string) =>
      greeter('hello', text, more).replace(`'${text}')`, `'${text}')\n    return { reconfigure() {} }`)
    const loose = schema(`size: {}`)
    const strict = schema(`size: { type: 'number', minimum: 5 }`)
    const host = testHost({ watch: true })
    host.write('plugins/hello.ts', inPlace('one', loose))
    await host.start({ name: 'hello', config: { size: 1 } })
    host.write('plugins/hello.ts', inPlace('two', strict))
    await host.event('stale', 'hello')
    host.forgetEvents()
    expect(await host.apply({ name: 'hello', config: { size: 7 } })).toMatchObject({ reconfigured: ['hello'] })
    await host.event('reloaded', 'hello')
    await expect.poll(() => host.call('hello::greet')).toBe('two')
    expect(await host.row('hello')).not.toHaveProperty('stale')
  })

  test('stays refused through a crash of the code that runs', async () => {
    const host = testHost({ watch: true })
    const code = greeter('hello', 'one').replace(
      'start({ iii }) {',
      `start({ iii }) {\n    iii.registerFunction('hello::exit', () => process.exit(1))`,
    )
    host.write('plugins/hello.ts', code)
    await host.start({ name: 'hello' })
    host.write('plugins/hello.ts', 'broken(')
    const { error } = await host.event('stale', 'hello')
    await expect(host.call('hello::exit')).rejects.toMatchObject({ code: 'invocation_stopped' })
    expect(await host.call('hello::greet')).toBe('one')
    expect(await host.row('hello')).toMatchObject({ restarts: 1, stale: { reason: 'build', error } })
  })

  test('is refused since the first time, however often it is saved', async () => {
    const host = testHost()
    host.write('plugins/hello.ts', greeter('hello', 'one'))
    await host.start({ name: 'hello' })
    const sinces = []
    for (const text of ['broken(', 'broken[']) {
      host.write('plugins/hello.ts', text)
      await host.host.reload('hello').catch(() => {})
      sinces.push((await host.row('hello')).stale?.since)
    }
    expect(sinces[0]).toBeDefined()
    expect(sinces[1]).toBe(sinces[0])
  })
})

describe('a configuration that is refused because of a new plugin', () => {
  test('is shown in the row of that plugin: since when, and why', async () => {
    const host = testHost()
    host.write('plugins/bad.ts', 'nonsense(')
    await host.start()
    await host.apply({ name: 'bad' })
    expect(await host.row('bad')).toMatchObject({
      state: 'available',
      stale: { since: expect.any(String), reason: 'build', error: expect.stringContaining('bad.ts:1') },
    })
    expect(await host.apply()).toMatchObject({ applied: true })
    expect(await host.row('bad')).not.toHaveProperty('stale')
  })

  test('keeps no other plugin from taking up its saved file', async () => {
    const host = testHost({ watch: true })
    host.write('plugins/bad.ts', 'nonsense(')
    host.write('plugins/hello.ts', greeter('hello', 'one'))
    await host.start({ name: 'hello' })
    expect(await host.apply({ name: 'hello' }, { name: 'bad' })).toMatchObject({ applied: false })
    host.write('plugins/hello.ts', greeter('hello', 'two'))
    await host.event('reloaded', 'hello')
    expect(await host.call('hello::greet')).toBe('two')
  })

  test('may be prepared again when the files are mended; only then are the files themselves taken up', async () => {
    const order: string[] = []
    const retry = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const host = testHost({
      watch: true,
      onRetryConfiguration: () => {
        order.push('retry')
        asked.resolve()
        return retry.promise
      },
    })
    const taking = schema(`size: { type: 'number' }`)
    host.write('plugins/hello.ts', greeter('hello', 'one'))
    await host.start({ name: 'hello' })
    expect(await host.apply({ name: 'hello', config: { size: 1 } })).toMatchObject({ applied: false })
    host.write('plugins/hello.ts', greeter('hello', 'two', taking))
    await asked.promise
    expect(await host.call('hello::greet')).toBe('one')
    const part = await host.prepare({ name: 'hello', config: { size: 1 } })
    await part.commit()
    expect(part.report.reloaded).toEqual(['hello'])
    retry.resolve()
    expect(await host.row('hello')).toMatchObject({ generation: 2 })
    expect(await host.row('hello')).not.toHaveProperty('stale')
  })
})

describe('a plugin that is down', () => {
  test('keeps those that require it from nothing but their own start', async () => {
    const host = testHost({ engine: { crash_budget: 1 } })
    const base = greeter('base', 'base').replace(
      'start({ iii }) {',
      `start({ iii }) {\n    iii.registerFunction('base::exit', () => process.exit(1))`,
    )
    host.write('plugins/base.ts', base)
    host.write('plugins/upper.ts', greeter('upper', 'upper', `requires: ['base'],`))
    host.write('plugins/other.ts', greeter('other', 'other'))
    await host.start({ name: 'base' }, { name: 'upper' })
    await host.call('base::exit').catch(() => {})
    await host.event('failed', 'base')
    expect(await host.apply({ name: 'base' }, { name: 'upper' }, { name: 'other' })).toMatchObject({
      applied: true,
      started: ['other'],
    })
    await expect(host.host.reload('upper')).rejects.toThrow(/requires the plugin 'base', which can't start: .*exit/)
  })

  test('gives up its ids when its entry goes', async () => {
    const host = testHost({ engine: { crash_budget: 1 } })
    const code = greeter('hello', 'hi').replace(`() => 'hi'`, `() => process.exit(1)`)
    host.write('plugins/hello.ts', code)
    await host.start({ name: 'hello' })
    await host.call('hello::greet').catch(() => {})
    await host.event('failed', 'hello')
    expect(await host.apply()).toMatchObject({ applied: true, stopped: ['hello'] })
    await expect(host.call('hello::greet')).rejects.toMatchObject({ code: 'function_not_found' })
    expect(await host.row('hello')).toMatchObject({ state: 'available' })
  })

  test('starts again when its file was deleted and is written anew after too many crashes', async () => {
    const host = testHost({ watch: true, engine: { crash_budget: 1 } })
    const code = (text: string) =>
      greeter('p1', text).replace(
        'start({ iii }) {',
        `start({ iii }) {\n    iii.registerFunction('p1::exit', () => process.exit(1))`,
      )
    host.write('plugins/p1.ts', code('one'))
    await host.start({ name: 'p1' })
    await host.call('p1::exit').catch(() => {})
    await host.event('failed', 'p1')
    host.forgetEvents()
    rmSync(join(host.folder, 'plugins/p1.ts'))
    expect(await host.event('failed', 'p1')).toMatchObject({ error: expect.stringContaining('are gone') })
    await host.apply({ name: 'p1' })
    host.write('plugins/p1.ts', code('two'))
    await expect.poll(async () => (await host.row('p1')).state, { timeout: 5_000 }).toBe('running')
    expect(await host.call('p1::greet')).toBe('two')
  })

  test('is brought back with the code that crashed when new code does not start meanwhile', async () => {
    const host = testHost()
    const code = greeter('hello', 'one').replace(
      'start({ iii }) {',
      `start({ iii }) {\n    iii.registerFunction('hello::exit', () => process.exit(1))`,
    )
    host.write('plugins/hello.ts', code)
    await host.start({ name: 'hello' })
    host.write(
      'plugins/hello.ts',
      greeter('hello', 'two').replace('start({ iii }) {', `start() { throw new Error('no') `),
    )
    await host.call('hello::exit').catch(() => {})
    await host.host.reload('hello').catch(() => {})
    expect(await host.call('hello::greet')).toBe('one')
    expect(await host.row('hello')).toMatchObject({ state: 'running', stale: { reason: 'start' } })
  })
})

test('a plugin that crashes in a change that is not made is started again all the same', async () => {
  const host = testHost({ engine: { drain_ms: 400 } })
  const waiting = (name: string, handler: string) => `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: '${name}', ${schema('n: {}')} start({ iii }) {
  iii.registerFunction('${name}::greet', () => '${name}')
  iii.registerFunction('${name}::wait', () => new Promise((resolve) => { ${handler} }))
} })
`
  host.write('plugins/dies.ts', waiting('dies', 'setTimeout(() => process.exit(1), 100)'))
  host.write('plugins/stays.ts', waiting('stays', ''))
  await host.start({ name: 'dies' }, { name: 'stays' })
  const calls = Promise.allSettled([host.call('dies::wait'), host.call('stays::wait')])
  await expect.poll(() => host.router.slots.get('stays')?.inFlight).toBe(1)
  expect(await host.apply({ name: 'dies', config: { n: 1 } }, { name: 'stays', config: { n: 1 } })).toMatchObject({
    applied: false,
    problems: [{ code: 'PLUGIN_BUSY' }],
  })
  expect([await host.call('dies::greet'), await host.call('stays::greet')]).toEqual(['dies', 'stays'])
  expect(await host.row('dies')).toMatchObject({ state: 'running', restarts: 1 })
  await host.host.stopPlugin('stays', { force: true })
  await calls
})
