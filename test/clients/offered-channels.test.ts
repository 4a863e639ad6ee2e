// Channels that plugins offer, in a thread and in a process, opened by unmodified iii-sdk workers: the way that a body takes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engineFolder, type EngineFolder, type EngineProcess } from '../support/engine-process.ts'
import { connectSdk, V11, V22 } from './versions.ts'
import { OWN } from './own.ts'

/** Calls a worker's function with two refs, as a request with a body would; answers with what the worker wrote. */
const plugin = (name: string): string => `
import { definePlugin } from 'iii-host/plugin'
export default definePlugin({
  name: '${name}',
  isolation: '${name}',
  start({ iii }) {
    iii.registerFunction('${name}::exchange', async ({ handler, size }) => {
      const seen = { texts: [], bytes: 0 }
      const over = Promise.withResolvers()
      const request = iii.offerChannel('read', (writer) => {
        seen.opened = true
        writer.sendMessage('{"name":"upload"}')
        let left = size
        const piece = Buffer.alloc(50_000, 7)
        const pump = () => {
          while (left > 0) {
            const next = left < piece.length ? piece.subarray(0, left) : piece
            left -= next.length
            if (!writer.write(next)) return
          }
          writer.close()
        }
        writer.onDrain(pump)
        pump()
      })
      const response = iii.offerChannel('write', (reader) => {
        reader.onMessage((text) => seen.texts.push(text))
        reader.onBinary((bytes) => {
          seen.bytes += bytes.length
          // As an HTTP client that takes a while.
          reader.pause()
          setImmediate(() => reader.resume())
        })
        reader.onEnd(({ clean }) => over.resolve(clean))
      })
      const payload = { request_body: request.ref, response: response.ref }
      try {
        seen.result = await iii.trigger({ function_id: handler, payload })
        if (seen.result !== 'untouched') seen.clean = await over.promise
      } finally {
        seen.withdrawn = [request.withdraw(), response.withdraw()]
        seen.left = iii.offeredChannels
      }
      return seen
    })
  },
})
`

const SIZE = 3_000_000

let folder: EngineFolder
let engine: EngineProcess

beforeAll(async () => {
  folder = await engineFolder('  - name: thread\n  - name: process\n')
  await folder.write('plugins/thread.ts', plugin('thread'))
  await folder.write('plugins/process.ts', plugin('process'))
  engine = await folder.start({ args: ['--no-watch'] })
}, 60_000)
afterAll(async () => {
  expect(await engine?.stop()).toBe(0)
  await folder?.remove()
})

describe.each(['thread', 'process'])('offered by a plugin in a %s', (where) => {
  it.each([V22, V11, OWN])('both ends are opened by an iii-sdk $name worker', async (version) => {
    const worker = connectSdk(version, folder.url)
    const handler = `${where}::both-${version.name}`
    const messages: string[] = []
    worker.registerFunction(handler, async ({ request_body: reader, response: writer }) => {
      reader.onMessage((text: string) => messages.push(text))
      const bytes: Buffer = await reader.readAll()
      writer.sendMessage('{"status_code":200}')
      await new Promise<void>((resolve) => writer.stream.end(bytes, () => resolve()))
      return bytes.every((byte) => byte === 7) ? bytes.length : 'something else'
    })
    await expect
      .poll(() => worker.trigger({ function_id: `${where}::exchange`, payload: { handler, size: SIZE } }), {
        timeout: 20_000,
      })
      .toEqual({
        opened: true,
        texts: ['{"status_code":200}'],
        bytes: SIZE,
        result: SIZE,
        clean: true,
        withdrawn: [false, false],
        left: 0,
      })
    expect(messages).toEqual(['{"name":"upload"}'])
  })

  it.each([V22, V11, OWN])('an iii-sdk $name worker that opens one late lives on', async (version) => {
    const worker = connectSdk(version, folder.url)
    const handler = `${where}::untouched-${version.name}`
    let live: any
    worker.registerFunction(handler, async (input) => {
      live = input
      return 'untouched'
    })
    const exchange = { function_id: `${where}::exchange`, payload: { handler, size: SIZE } }
    await expect
      .poll(() => worker.trigger(exchange), { timeout: 20_000 })
      .toMatchObject({
        result: 'untouched',
        withdrawn: [true, true],
        left: 0,
      })
    live.response.sendMessage('nobody reads this')
    expect((await live.request_body.readAll()).length).toBe(0)
    expect(await worker.trigger({ function_id: handler, payload: {} })).toBe('untouched')
  })
})
