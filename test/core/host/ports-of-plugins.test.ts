// Plugins that one configuration changes are handed over together, so that what one owns can move to the other
// (design, "Change of generation").
import { expect, test } from 'vitest'
import { unusedPort } from '../../support/unused-port.ts'
import { testHost } from './test-host.ts'

const listening = (name: string): string => `import { once } from 'node:events'
import { createServer } from 'node:net'
import { definePlugin } from 'iii-host/plugin'
export default definePlugin({
  name: '${name}',
  config: { type: 'object', properties: { port: { type: 'integer' }, fail: { type: 'boolean' } } },
  async start({ iii, config }) {
    if (config.fail) throw new Error('asked to fail')
    const server = createServer().listen(config.port, '127.0.0.1')
    await once(server, 'listening')
    iii.registerFunction('${name}::port', () => server.address().port)
    return { stop: async () => { server.close(); await once(server, 'close') } }
  },
})
`

test('Two plugins swap their ports in one change of the configuration', async () => {
  const { host, ports, one, two } = await scene()
  await host.start(one({ port: ports[0] }), two({ port: ports[1] }))
  const report = await host.apply(one({ port: ports[1] }), two({ port: ports[0] }))
  expect(report).toMatchObject({ applied: true, reloaded: ['one', 'two'] })
  expect([await host.call('one::port'), await host.call('two::port')]).toEqual([ports[1], ports[0]])
})

test('The port of a plugin that is removed goes to one that is added, and back when that one fails', async () => {
  const { host, ports, one, two } = await scene()
  await host.start(one({ port: ports[0] }))
  expect(await host.apply(two({ port: ports[0], fail: true }))).toMatchObject({ applied: false })
  expect(await host.call('one::port')).toBe(ports[0])
  expect(await host.apply(two({ port: ports[0] }))).toMatchObject({ applied: true, started: ['two'], stopped: ['one'] })
  expect(await host.call('two::port')).toBe(ports[0])
  await expect(host.call('one::port')).rejects.toMatchObject({ code: 'function_not_found' })
})

async function scene() {
  const host = testHost()
  host.write('plugins/one.ts', listening('one'))
  host.write('plugins/two.ts', listening('two'))
  const entry = (name: string) => (config: Record<string, unknown>) => ({ name, config })
  return { host, ports: [await unusedPort(), await unusedPort()] as const, one: entry('one'), two: entry('two') }
}
