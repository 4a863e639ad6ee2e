// What a plugin is given at its start, and the bound on the calls that it has to answer (spec 09 §2, §5).
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testHost } from './test-host.ts'

const plugin = (body: string, parameters = 'iii', more = ''): string => `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'hello', ${more} start({ ${parameters} }) { ${body} } })
`

test('engine tells version, address and project root; replica counts from 0; instance is the id of the entry', async () => {
  const host = testHost()
  const body = `iii.registerFunction('hello::context', () => ({ engine, replica, instance }))`
  host.write('plugins/hello.ts', plugin(body, 'iii, engine, replica, instance'))
  await host.start({ name: 'hello' })
  expect(await host.call('hello::context')).toEqual({
    engine: { version: '0.0.0-test', url: 'ws://127.0.0.1:0', projectRoot: host.folder },
    replica: 0,
    instance: 'hello',
  })
})

test('addresses that a plugin listens on are shown in its row, after its start and after changed settings', async () => {
  const host = testHost()
  const body = `let { port } = config
    return { reconfigure: (changed) => { port = changed.port }, addresses: () => ['ws://127.0.0.1:' + port] }`
  const schema = `config: { type: 'object', properties: { port: { type: 'integer' } } },`
  host.write('plugins/hello.ts', plugin(body, 'config', schema))
  await host.start({ name: 'hello', config: { port: 1 } })
  expect((await host.row('hello')).addresses).toEqual(['ws://127.0.0.1:1'])
  await host.apply({ name: 'hello', config: { port: 2 } })
  expect((await host.row('hello')).addresses).toEqual(['ws://127.0.0.1:2'])
  await host.host.stopPlugin('hello')
  expect(await host.row('hello')).not.toHaveProperty('addresses')
})

test('a plugin that gives something else as its addresses runs, with a warning', async () => {
  const host = testHost()
  host.write('plugins/hello.ts', plugin(`return { addresses: () => 'ws://127.0.0.1:1' }`))
  await host.start({ name: 'hello' })
  expect(await host.row('hello')).toMatchObject({ state: 'running' })
  expect(host.lines.join('')).toContain('addresses() failed: it must return a list of texts')
})

test('dataDir is a folder of the plugin alone, and is made when it is asked for', async () => {
  const host = testHost()
  const body = `iii.registerFunction('hello::dir', () => context.dataDir)`
  host.write(
    'plugins/hello.ts',
    plugin(body).replace('start({ iii })', 'start(context)').replace('{ iii.reg', '{ const { iii } = context; iii.reg'),
  )
  await host.start({ name: 'hello' })
  const dir = join(host.folder, 'data/plugins/hello')
  expect(existsSync(dir)).toBe(false)
  expect(await host.call('hello::dir')).toBe(dir)
  expect(existsSync(dir)).toBe(true)
})

test('signal is aborted when the generation ends', async () => {
  const host = testHost()
  // The flag outlives the thread of the generation: it is a file.
  const body = `const fs = await import('node:fs')
    signal.addEventListener('abort', () => fs.writeFileSync(dataDir + '/aborted', ''))
    iii.registerFunction('hello::aborted', () => signal.aborted)`
  host.write('plugins/hello.ts', plugin(body, 'iii, signal, dataDir').replace('start(', 'async start('))
  await host.start({ name: 'hello' })
  const flag = join(host.folder, 'data/plugins/hello/aborted')
  expect(await host.call('hello::aborted')).toBe(false)
  expect(existsSync(flag)).toBe(false)
  await host.host.stopPlugin('hello')
  await expect.poll(() => existsSync(flag)).toBe(true)
})

test('max_in_flight of the entry bounds the calls that wait for an answer', async () => {
  const host = testHost({ engine: { drain_ms: 20 } })
  const body = `let release
    iii.registerFunction('hello::wait', () => new Promise((resolve) => { release = resolve }))
    iii.registerFunction('hello::release', () => { release('released') })`
  host.write('plugins/hello.ts', plugin(body))
  await host.start({ name: 'hello', maxInFlight: 2 })
  const waiting = Promise.allSettled([host.call('hello::wait'), host.call('hello::wait')])
  await expect(host.call('hello::wait')).rejects.toMatchObject({ code: 'overloaded' })
  await expect(host.call('hello::release')).rejects.toMatchObject({ code: 'overloaded' })
  expect(await host.row('hello')).toMatchObject({ in_flight: 2 })
  await host.host.reload('hello', { force: true })
  const codes = (await waiting).map((outcome) => outcome.status === 'rejected' && outcome.reason.code)
  expect(codes).toEqual(['invocation_stopped', 'invocation_stopped'])
})
