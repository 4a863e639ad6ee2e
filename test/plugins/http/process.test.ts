// `iii-http` in an engine of its own process: killed, told to end, started again, in the way of another one.
import { afterEach, expect, it } from 'vitest'
import { connectSdk, V22 } from '../../clients/versions.ts'
import { within } from '../../support/deadline.ts'
import { engineFolder, type EngineFolder } from '../../support/engine-process.ts'
import { RawClient } from '../../support/raw-client.ts'
import { RawHttp, requestText } from '../../support/raw-http.ts'
import { unusedPort } from '../../support/unused-port.ts'

let folder: EngineFolder | undefined

afterEach(async () => {
  await folder?.remove()
  folder = undefined
})

async function httpFolder(): Promise<{ folder: EngineFolder; url: string; port: number }> {
  const port = await unusedPort()
  folder = await engineFolder(`  - name: iii-http\n    config: { port: ${port} }\n`)
  return { folder, url: `http://127.0.0.1:${port}`, port }
}

const statusOf = (url: string): Promise<number> =>
  fetch(url).then(
    ({ status }) => status,
    () => 0,
  )

it('after a kill the port is free at once, and the routes come back with their workers', async () => {
  const { folder, url } = await httpFolder()
  const engine = await folder.start({ args: ['--no-watch'] })
  const client = connectSdk(V22, folder.url)
  client.registerFunction('f', async () => ({ body: 'ok' }))
  client.registerTrigger({ type: 'http', function_id: 'f', config: { api_path: '/' } })
  await expect.poll(() => statusOf(url)).toBe(200)
  // Connections that are open when it dies leave the port in TIME_WAIT.
  const open = await RawHttp.open(url)
  open.send(requestText('GET /', [], '', { keepAlive: true }))
  await open.next()
  await engine.kill()
  await open.closed()
  expect(await statusOf(url)).toBe(0)
  const next = await folder.start({ args: ['--no-watch'] })
  await expect.poll(() => statusOf(url)).toBe(200)
  expect(await next.stop()).toBe(0)
})

it('SIGTERM lets requests end that are under way, takes no more, and closes what is idle', async () => {
  const { folder, url } = await httpFolder()
  const engine = await folder.start({ args: ['--no-watch'] })
  const worker = await RawClient.connect(folder.url)
  const called = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  await worker.provided('slow', async () => {
    called.resolve()
    await finish.promise
    return { body: 'done' }
  })
  worker.send({
    type: 'registertrigger',
    id: 't',
    trigger_type: 'http',
    function_id: 'slow',
    config: { api_path: '/' },
  })
  await worker.settled()
  const idle = await RawHttp.open(url)
  idle.send(requestText('GET /nowhere', [], '', { keepAlive: true }))
  expect((await idle.next())?.status).toBe(404)
  const slow = await RawHttp.open(url)
  slow.send(requestText('GET /', [], '', { keepAlive: true }))
  await within(10_000, 'the request', called.promise)
  const stopped = engine.stop()
  await idle.closed()
  expect(await statusOf(url)).toBe(0)
  finish.resolve()
  expect(await slow.next()).toMatchObject({ status: 200, body: '"done"', headers: { connection: 'close' } })
  expect(await stopped).toBe(0)
  await slow.closed()
})

it('a port that is taken ends the start with what to do about it', async () => {
  const { folder, url, port } = await httpFolder()
  const engine = await folder.start({ args: ['--no-watch'] })
  const other = await engineFolder(`  - name: iii-http\n    config: { port: ${port} }\n`)
  try {
    await expect(other.start({ args: ['--no-watch'] })).rejects.toThrow(
      new RegExp(
        `address 127.0.0.1:${port} is already in use: stop the other process, or set another 'port' for iii-http`,
      ),
    )
  } finally {
    await other.remove()
  }
  expect(await statusOf(url)).toBe(404)
  expect(await engine.stop()).toBe(0)
})
