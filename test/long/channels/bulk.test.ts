// A gigabyte through a plugin's end of a channel, in each direction, while the engine's memory stays where it is.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { ChannelRef } from '../../../sdk/handle-types.ts'
import { engineFolder, type EngineFolder, type EngineProcess } from '../../support/engine-process.ts'
import { OWN } from '../../clients/own.ts'
import type { Client } from '../../clients/versions.ts'
import { forgetPeak, peakMiB, residentMiB } from '../network/resident-memory.ts'

const TOTAL = 1 << 30
const PIECE = 64 * 1024
const MIB = 1 << 20
/** What a process may take for garbage that nobody has collected yet; an unbounded buffer would hold far more of a gigabyte. */
const GARBAGE_MIB = 256

const PLUGIN = `
import { createHash } from 'node:crypto'
import { definePlugin } from 'iii-host/plugin'
export default definePlugin({
  name: 'bulk',
  start({ iii }) {
    let uploaded
    iii.registerFunction('bulk::download', ({ total, piece }) => {
      const { ref } = iii.offerChannel('read', (writer) => {
        const bytes = Buffer.alloc(piece)
        let number = 0
        const pump = () => {
          while (number < total / piece) {
            bytes.fill(number++ & 0xff)
            if (!writer.write(Buffer.from(bytes))) return
          }
          writer.close()
        }
        writer.onDrain(pump)
        pump()
      })
      return { ref }
    })
    iii.registerFunction('bulk::upload', () => {
      uploaded = Promise.withResolvers()
      const hash = createHash('sha1')
      let size = 0
      const { ref } = iii.offerChannel('write', (reader) => {
        reader.onBinary((bytes) => {
          size += bytes.length
          hash.update(bytes)
        })
        reader.onEnd(({ clean }) => uploaded.resolve({ clean, size, hash: hash.digest('hex') }))
      })
      return { ref }
    })
    iii.registerFunction('bulk::uploaded', () => uploaded.promise)
  },
})
`

let folder: EngineFolder
let engine: EngineProcess
let client: Client

beforeAll(async () => {
  folder = await engineFolder('  - name: bulk\n')
  await folder.write('plugins/bulk.ts', PLUGIN)
  engine = await folder.start({ args: ['--no-watch'] })
  client = OWN.connect(folder.url)
}, 60_000)
afterAll(async () => {
  await client?.shutdown()
  await engine?.stop()
  await folder?.remove()
})

test('downloads keep the engine’s memory constant', async () => {
  const socket = await opened('bulk::download')
  const hash = createHash('sha1')
  let size = 0
  const before = residentMiB(engine.pid)
  forgetPeak(engine.pid)
  socket.on('message', (bytes: Buffer) => {
    size += bytes.length
    hash.update(bytes)
  })
  const [code] = (await once(socket, 'close')) as [number]
  expect({ code, size, hash: hash.digest('hex') }).toEqual({ code: 1000, size: TOTAL, hash: expectedHash() })
  expect(peakMiB(engine.pid) - before).toBeLessThan(GARBAGE_MIB)
}, 180_000)

test('uploads keep the engine’s memory constant', async () => {
  const socket = await opened('bulk::upload')
  const before = residentMiB(engine.pid)
  forgetPeak(engine.pid)
  for (let number = 0; number < TOTAL / PIECE; number++) {
    socket.send(Buffer.alloc(PIECE, number & 0xff))
    if (socket.bufferedAmount > MIB) await new Promise((resolve) => socket.send(Buffer.alloc(0), resolve))
  }
  socket.close(1000)
  const uploaded = await client.trigger({ function_id: 'bulk::uploaded', payload: {}, timeoutMs: 120_000 })
  expect(uploaded).toEqual({ clean: true, size: TOTAL, hash: expectedHash() })
  expect(peakMiB(engine.pid) - before).toBeLessThan(GARBAGE_MIB)
}, 180_000)

async function opened(functionId: string): Promise<WebSocket> {
  const payload = { total: TOTAL, piece: PIECE }
  const { json } = await client.trigger({ function_id: functionId, payload, raw: true })
  const { channel_id: id, access_key: key, direction } = (JSON.parse(json) as { ref: ChannelRef }).ref
  const socket = new WebSocket(`${folder.url}/ws/channels/${id}?key=${key}&dir=${direction}`, {
    perMessageDeflate: false,
  })
  if (direction === 'write') await once(socket, 'open')
  return socket
}

function expectedHash(): string {
  const hash = createHash('sha1')
  for (let number = 0; number < TOTAL / PIECE; number++) hash.update(Buffer.alloc(PIECE, number & 0xff))
  return hash.digest('hex')
}
