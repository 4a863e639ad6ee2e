// A port that was set at run time and is taken at the next boot: the engine serves on the port of the file (spec 02 §7.2, 06 A.2).
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { unusedPort } from '../../support/unused-port.ts'
import { StreamSubscriber } from '../../support/stream-subscriber.ts'
import { EngineFolder, LISTENER } from './running-engine.ts'

const stream = (port: number, host = '127.0.0.1') =>
  `{ name: iii-stream, config: { port: ${port}, host: ${host}, adapter: { name: kv, config: { store_method: in_memory } } } }`

const http = (config: string) => `{ name: iii-http, config: ${config} }`

async function occupied(port: number): Promise<void> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
}

async function answers(port: number): Promise<boolean> {
  const subscriber = new StreamSubscriber(`ws://127.0.0.1:${port}/stream/board/g`)
  try {
    return await subscriber.joined().then(() => true)
  } finally {
    subscriber.close()
  }
}

/** An engine in which the port of a worker was set to another one than the file's, and which has ended. */
async function engineWithStoredPort(file: string, value: object, id = 'iii-stream'): Promise<EngineFolder> {
  const folder = new EngineFolder()
  folder.configure(LISTENER, file)
  const engine = await folder.start()
  const client = await folder.connect()
  expect((await client.call('configuration::set', { id, value })).error).toBeUndefined()
  await engine.close()
  return folder
}

test('It serves on the stored port, and on that of the file when the stored one is taken', async () => {
  const [filePort, storedPort] = [await unusedPort(), await unusedPort()]
  const folder = await engineWithStoredPort(stream(filePort), { port: storedPort })
  const engine = await folder.start()
  expect(await answers(storedPort)).toBe(true)
  await engine.close()
  await occupied(storedPort)
  await folder.start()
  expect(await answers(filePort)).toBe(true)
  const warning = await folder.logged(`serves on the address of the file, 127.0.0.1:${filePort}`)
  expect(warning.level).toBe('warn')
  expect(JSON.stringify(warning)).toContain(`127.0.0.1:${storedPort} is already in use`)
})

test('HTTP requests are answered on the port of the file, with what else was stored', async () => {
  const [filePort, storedPort] = [await unusedPort(), await unusedPort()]
  const stored = { port: storedPort, request_id_header: 'x-id' }
  const folder = await engineWithStoredPort(http(`{ port: ${filePort} }`), stored, 'iii-http')
  await occupied(storedPort)
  await folder.start()
  const response = await fetch(`http://127.0.0.1:${filePort}/`, { headers: { 'x-id': 'a' } })
  expect([response.status, response.headers.get('x-id')]).toEqual([404, 'a'])
})

test('Where the file says nothing of an address there is none to serve on', async () => {
  const [filePort, storedPort] = [await unusedPort(), await unusedPort()]
  const folder = await engineWithStoredPort(http(`{ port: ${filePort} }`), { port: storedPort }, 'iii-http')
  // What is stored counts still, and the default is nobody's word.
  folder.configure(LISTENER, http('{}'))
  await occupied(storedPort)
  await expect(folder.start()).rejects.toThrow(`127.0.0.1:${storedPort} is already in use`)
})

test('Not from loopback to the network: then the start ends with the error', async () => {
  const [filePort, storedPort] = [await unusedPort(), await unusedPort()]
  const value = { port: storedPort, host: '127.0.0.1' }
  const folder = await engineWithStoredPort(stream(filePort, '0.0.0.0'), value)
  await occupied(storedPort)
  await expect(folder.start()).rejects.toThrow(`127.0.0.1:${storedPort} is already in use`)
})
