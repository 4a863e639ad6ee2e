// Channels between workers in three languages, each on its unmodified SDK: 1 MiB with text messages between, from everyone to everyone.
import { fileURLToPath } from 'node:url'
import { registerWorker } from 'iii-sdk'
import { createChannel } from 'iii-sdk/helpers'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { engineFolder, type EngineFolder, type EngineProcess } from '../support/engine-process.ts'
import { lacks } from '../support/needs.ts'
import { pythonEnvironment, SDK_VERSIONS, type PythonEnvironment } from './python-environment.ts'
import { CRATE_VERSIONS, rustWorkers } from './rust-environment.ts'
import { startWorker, type WorkerProcess } from './worker-process.ts'

const BUILD_MS = 600_000
const CONTENT = Buffer.from(Array.from({ length: 1 << 20 }, (_, index) => index % 251))
const PIECES = 8
const MESSAGES = Array.from({ length: PIECES }, (_, piece) => JSON.stringify({ piece }))

type Ends = Awaited<ReturnType<typeof createChannel>>

/** Names of the workers, by what their functions begin with. */
const LANGUAGES = ['node', 'py', 'rs'] as const
const PAIRS = LANGUAGES.flatMap((from) => LANGUAGES.map((to) => [from, to] as const))

describe.skipIf(lacks('cargo'))('a channel of 1 MiB and messages (needs cargo)', () => {
  let environment: PythonEnvironment
  let folder: EngineFolder
  let engine: EngineProcess
  let node: ReturnType<typeof registerWorker>
  const others: WorkerProcess[] = []

  beforeAll(async () => {
    environment = await pythonEnvironment(SDK_VERSIONS.at(-1)!)
    if (environment.python === undefined) return
    const program = (await rustWorkers())(CRATE_VERSIONS.at(-1)!)
    folder = await engineFolder(
      '  - name: iii-state\n  - { name: iii-stream, config: { port: 0 } }\n  - name: iii-queue\n',
    )
    engine = await folder.start({ args: ['--no-watch'] })
    node = registerWorker(folder.url, { workerName: 'node-worker', otel: { enabled: false } })
    node.registerFunction('node::send', async ({ writer }: Pick<Ends, 'writer'>) => {
      for (const [piece, message] of MESSAGES.entries()) {
        writer.sendMessage(message)
        const size = CONTENT.length / PIECES
        writer.stream.write(CONTENT.subarray(piece * size, (piece + 1) * size))
      }
      await new Promise<void>((resolve) => writer.stream.end(resolve))
      return CONTENT.length
    })
    node.registerFunction('node::take', async ({ reader }: Pick<Ends, 'reader'>) => {
      const messages: string[] = []
      reader.onMessage((message: string) => void messages.push(message))
      const bytes = await reader.readAll()
      return { length: bytes.length, equal: bytes.equals(CONTENT), messages }
    })
    const worker = fileURLToPath(new URL('python/worker.py', import.meta.url))
    others.push(startWorker(environment.python, [worker, folder.url]), startWorker(program, [folder.url]))
    for (const [index, id] of ['py::take', 'rs::take'].entries()) {
      const isThere = async (): Promise<void> =>
        void (await node.trigger({ function_id: 'engine::functions::info', payload: { function_id: id } }))
      await vi.waitFor(isThere, { timeout: 30_000, interval: 100 }).catch((error: Error) => {
        throw new Error(`${error.message}; its worker said:\n${others[index]!.errors()}`)
      })
    }
  }, BUILD_MS)

  afterAll(async () => {
    if (environment?.python !== undefined) {
      await node.shutdown()
      for (const worker of others) await worker.kill()
      expect(await engine.stop()).toBe(0)
      await folder.remove()
    }
    await environment?.remove()
  })

  beforeEach((context) => {
    if (environment.python === undefined) context.skip(environment.reason)
  })

  it.each(PAIRS)('from %s to %s, byte for byte', async (from, to) => {
    const channel = await createChannel(node)
    const [sent, taken] = await Promise.all([
      node.trigger({ function_id: `${from}::send`, payload: { writer: channel.writerRef }, timeoutMs: 30_000 }),
      node.trigger({ function_id: `${to}::take`, payload: { reader: channel.readerRef }, timeoutMs: 30_000 }),
    ])
    expect(sent).toBe(CONTENT.length)
    expect(taken).toEqual({ length: CONTENT.length, equal: true, messages: MESSAGES })
  })
})
