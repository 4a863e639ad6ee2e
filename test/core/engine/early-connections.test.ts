// Addresses open before the plugins start; who connects meanwhile waits, and then finds everything in place.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { RawClient } from '../../support/raw-client.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { EngineFolder, pluginFile } from './running-engine.ts'

interface Waiting {
  readonly folder: EngineFolder
  readonly port: number
  readonly healthPort: number
  /** Settles as the start does. */
  readonly started: Promise<unknown>
  /** Lets the plugin `slow` go on with its start. */
  goOn(): void
}

/** An engine in whose start the plugin `slow` waits; it serves `slow::name` afterwards. */
async function starting({ listener = '', after = [] }: { listener?: string; after?: string[] } = {}): Promise<Waiting> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port: gate } = server.address() as AddressInfo
  const waits = `const net = await import('node:net')
    await new Promise((resolve) => net.connect(${gate}, '127.0.0.1').on('data', resolve))
    iii.registerFunction('slow::name', () => 'slow')
    iii.registerFunction('slow::auth', ({ headers }) => {
      if (headers.token !== 'good') throw new Error('who are you')
      return { allowed_functions: ['slow::name'] }
    })
    iii.registerTriggerType({ id: 'slow', description: '' }, {
      async registerTrigger({ id, config }) { if (config.bad) throw new Error('bad: ' + id) },
      async unregisterTrigger() {},
    })`
  const folder = new EngineFolder()
  const [port, healthPort] = [await unusedPort(), await unusedPort()]
  folder.write('plugins/slow.ts', pluginFile('slow', waits))
  const entries = [`{ name: iii-worker-manager, config: { port: ${port}, ${listener} } }`, '{ name: slow }', ...after]
  folder.write(
    'iii-config.yaml',
    ['workers:', ...entries.map((entry) => `  - ${entry}`), `engine: { health: { port: ${healthPort} } }`, ''].join(
      '\n',
    ),
  )
  const started = folder.start()
  started.catch(() => {})
  const [socket] = (await once(server, 'connection')) as [Socket]
  return { folder, port, healthPort, started, goOn: () => void socket.end('go on') }
}

async function connected(port: number, headers: Record<string, string> = {}): Promise<RawClient> {
  const client = new RawClient(`ws://127.0.0.1:${port}/`, { headers })
  await client.opened()
  return client
}

test('a worker that is early waits, and then its calls, registrations and listings find what the plugins brought', async () => {
  const { port, started, goOn } = await starting()
  const early = await connected(port)
  const announced = early.announce()
  const named = early.call('slow::name')
  const listed = early.call('engine::functions::list')
  early.send({ type: 'registertrigger', id: 'mine', trigger_type: 'slow', function_id: 'f', config: { bad: true } })
  expect(early.frames).toEqual([])
  goOn()
  expect((await announced).error).toBeUndefined()
  expect(await named).toMatchObject({ result: 'slow' })
  expect(JSON.stringify((await listed).result)).toContain('slow::name')
  // The provider has been asked: the type was there.
  expect(await early.next('triggerregistrationresult')).toMatchObject({
    error: { message: expect.stringMatching('bad: ') },
  })
  await started
})

test('the health port tells that the engine is starting', async () => {
  const { healthPort, started, goOn } = await starting()
  const health = async () => {
    const response = await fetch(`http://127.0.0.1:${healthPort}/health`)
    const { components } = (await response.json()) as { components: Record<string, unknown> }
    return { status: response.status, router: components['router'] }
  }
  expect(await health()).toEqual({
    status: 503,
    router: { status: 'degraded', details: { error: 'the engine is starting' } },
  })
  goOn()
  await started
  expect(await health()).toMatchObject({ status: 200, router: { status: 'healthy' } })
})

test('who asks early how the engine is hears of one that runs', async () => {
  const { port, started, goOn } = await starting()
  const early = await connected(port)
  const asked = early.call('engine::health::check')
  goOn()
  const { result } = await asked
  expect(result).toMatchObject({ status: 'healthy', components: { router: { status: 'healthy' } } })
  await started
})

test('nobody is let in by a listener with rbac before its auth function is there', async () => {
  const listener = 'rbac: { auth_function_id: "slow::auth" }'
  const { port, started, goOn } = await starting({ listener })
  const stranger = await connected(port, { token: 'bad' })
  const friend = await connected(port, { token: 'good' })
  const named = friend.call('slow::name')
  expect(friend.frames).toEqual([])
  goOn()
  expect(await named).toMatchObject({ result: 'slow' })
  expect(await stranger.closed).toMatchObject({ code: 1008 })
  await started
})

test('a start that fails because of a built-in sends those away who have connected, and closes the address', async () => {
  const taken = createServer()
  taken.listen(0, '127.0.0.1')
  await once(taken, 'listening')
  onTestFinished(() => void taken.close())
  const { port: inUse } = taken.address() as AddressInfo
  const { port, started, goOn } = await starting({ after: [`{ name: iii-http, config: { port: ${inUse} } }`] })
  const early = await connected(port)
  early.send({ type: 'registerfunction', id: 'mine' })
  goOn()
  await expect(started).rejects.toThrow(`address 127.0.0.1:${inUse} is already in use`)
  expect(await early.closed).toMatchObject({ code: 1012 })
  expect(early.frames).toEqual([])
  await expect(connected(port)).rejects.toThrow('ECONNREFUSED')
})

test('where a listener can not open no plugin is started', async () => {
  const taken = createServer()
  taken.listen(0, '127.0.0.1')
  await once(taken, 'listening')
  onTestFinished(() => void taken.close())
  const { port } = taken.address() as AddressInfo
  const folder = new EngineFolder()
  folder.write(
    'plugins/eager.ts',
    pluginFile('eager', '').replace('{ iii, config, engine }) {', "{ log }) { log.info('eager starts')"),
  )
  folder.configure(`{ name: iii-worker-manager, config: { port: ${port} } }`, '{ name: eager }')
  await expect(folder.start()).rejects.toThrow(`address 127.0.0.1:${port} is already in use`)
  expect(folder.log.items.filter(({ msg }) => msg === 'eager starts')).toEqual([])
})
