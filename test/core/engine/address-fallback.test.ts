// A stream port that was set at run time and is taken at the next boot: the engine serves on the port of the file (spec 02 §7.2).
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { unusedPort } from '../../support/unused-port.ts'
import { StreamSubscriber } from '../../support/stream-subscriber.ts'
import { EngineFolder, LISTENER } from './running-engine.ts'

const stream = (port: number, host = '127.0.0.1') =>
  `{ name: iii-stream, config: { port: ${port}, host: ${host}, adapter: { name: kv, config: { store_method: in_memory } } } }`

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

/** An engine whose stream port was set to another one than the file's, and has ended. */
async function engineWithStoredPort(file: string, value: object): Promise<EngineFolder> {
  const folder = new EngineFolder()
  folder.configure(LISTENER, file)
  const engine = await folder.start()
  const client = await folder.connect()
  expect((await client.call('configuration::set', { id: 'iii-stream', value })).error).toBeUndefined()
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
  expect((await folder.logged('serves on the address of the file')).level).toBe('warn')
})

test('Not from loopback to the network: then the start ends with the error', async () => {
  const [filePort, storedPort] = [await unusedPort(), await unusedPort()]
  const value = { port: storedPort, host: '127.0.0.1' }
  const folder = await engineWithStoredPort(stream(filePort, '0.0.0.0'), value)
  await occupied(storedPort)
  await expect(folder.start()).rejects.toThrow(`127.0.0.1:${storedPort} is already in use`)
})
