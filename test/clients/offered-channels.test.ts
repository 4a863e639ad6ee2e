// Channels that plugins offer, in a thread and in a process, opened by unmodified iii-sdk workers: the way that a body takes.
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { ChannelRef } from '../../sdk/handle-types.ts'
import { engineFolder, type EngineFolder, type EngineProcess } from '../support/engine-process.ts'
import { connectSdk, V11, V22, type Client } from './versions.ts'
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
  folder = await engineFolder('  - name: thread\n  - name: process\n  - name: keeper-one\n  - name: keeper-two\n')
  await folder.write('plugins/thread.ts', plugin('thread'))
  await folder.write('plugins/process.ts', plugin('process'))
  for (const name of ['keeper-one', 'keeper-two']) await folder.write(`plugins/${name}.ts`, keeper(name))
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

/** Keeps what it offers; says which generation it is to whoever opens a reading end. */
const keeper = (name: string): string => `
import { definePlugin } from 'iii-host/plugin'
export default definePlugin({
  name: '${name}',
  isolation: 'shared',
  start({ iii }) {
    const born = process.hrtime.bigint().toString()
    iii.registerFunction('${name}::offer', () => ({
      born,
      ref: iii.offerChannel('read', (writer) => {
        writer.sendMessage('${name} ' + born)
        writer.close()
      }).ref,
    }), { live_channel_refs: false })
  },
})
`

describe('offered by two plugins in one thread', () => {
  const offered = async (client: Client, name: string): Promise<{ born: string; ref: ChannelRef }> => {
    const text = await client.trigger({ function_id: `${name}::offer`, payload: {}, raw: true })
    return JSON.parse(text.json)
  }
  const read = async (ref: ChannelRef): Promise<{ items: unknown[]; code: number }> => {
    const { channel_id: id, access_key: key, direction } = ref
    const socket = new WebSocket(`${folder.url}/ws/channels/${id}?key=${key}&dir=${direction}`)
    const items: unknown[] = []
    socket.on('message', (data: Buffer) => items.push(data.toString()))
    const [code] = (await once(socket, 'close')) as [number]
    return { items, code }
  }

  it('each answers for its own, and after a reload the old ones have an end and the new ones serve', async () => {
    const client = connectSdk(OWN, folder.url)
    const [one, two] = [await offered(client, 'keeper-one'), await offered(client, 'keeper-two')]
    expect(one.ref.channel_id.slice(0, 24)).not.toBe(two.ref.channel_id.slice(0, 24))
    const left = await offered(client, 'keeper-one')
    expect(await read(two.ref)).toEqual({ items: [`keeper-two ${two.born}`], code: 1000 })
    expect(await read(one.ref)).toEqual({ items: [`keeper-one ${one.born}`], code: 1000 })
    await client.trigger({ function_id: 'engine::plugins::reload', payload: { name: 'keeper-one', force: true } })
    const next = await offered(client, 'keeper-one')
    expect(next.born).not.toBe(left.born)
    await expect.poll(() => read(left.ref), { timeout: 20_000 }).toEqual({ items: [], code: 1011 })
    expect(await read(next.ref)).toEqual({ items: [`keeper-one ${next.born}`], code: 1000 })
    const other = await offered(client, 'keeper-two')
    expect(other.born).toBe(two.born)
    expect((await read(other.ref)).code).toBe(1000)
  })
})
