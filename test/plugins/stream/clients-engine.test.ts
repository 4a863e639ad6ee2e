// Stream clients of a whole engine: auth, join and leave functions in a worker, and subscribers that live through reloads and kills.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engineFolder, type EngineFolder } from '../../support/engine-process.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { RawClient } from '../../support/raw-client.ts'
import { StreamClient } from '../../support/stream-client.ts'

let folder: EngineFolder

beforeEach(async () => {
  // A reload keeps a port that is named, and takes another one for 0.
  folder = await engineFolder(
    `  - name: iii-stream\n    config: { port: ${await unusedPort()}, auth_function: auth }\n`,
  )
})

afterEach(() => folder.remove())

describe('functions of a worker', () => {
  it('decide who joins, and learn who has left', async () => {
    await folder.start()
    const worker = await RawClient.connect(folder.url)
    worker.provide('auth', ({ query_params }: { query_params: { user?: string[] } }) => ({
      context: { user: query_params.user?.[0] ?? null },
    }))
    worker.provide('on-join', ({ context }: { context: { user: string | null } }) => ({
      unauthorized: context.user === null,
    }))
    await worker.provided('on-leave', () => null)
    for (const kind of ['join', 'leave'])
      worker.send({
        type: 'registertrigger',
        id: kind,
        trigger_type: `stream:${kind}`,
        function_id: `on-${kind}`,
        config: { stream_name: 'board' },
      })
    await worker.settled()
    const stranger = await StreamClient.connect(`${folder.streamUrl}/stream/board/g1`)
    expect((await stranger.take(1))[0]!.event).toEqual({ type: 'unauthorized' })
    const client = await StreamClient.connect(`${folder.streamUrl}/?user=u7`)
    await client.joined('s-1', 'board', 'g1')
    await worker.call('stream::set', { stream_name: 'board', group_id: 'g1', item_id: 'a', data: 1 })
    await client.take(2)
    expect(client.received).toEqual([1])
    client.socket.terminate()
    await worker.until(() => worker.calls('on-leave').length === 1, 'the leave')
    expect(worker.calls('on-leave')[0]!['data']).toMatchObject({
      subscription_id: 's-1',
      stream_name: 'board',
      group_id: 'g1',
      id: null,
      context: { user: 'u7' },
    })
    expect(stranger.received).toEqual([])
  })
})

describe('subscribers that come back with their position miss nothing', () => {
  it('when the stream worker is reloaded while it writes', async () => {
    await folder.start()
    const worker = await RawClient.connect(folder.url)
    const subscribers = await Promise.all(Array.from({ length: 30 }, () => Subscriber.open()))
    const writes: Promise<unknown>[] = []
    for (let n = 0; n < 300; n++) {
      if (n % 100 === 50) writes.push(worker.call('engine::plugins::reload', { name: 'iii-stream' }))
      writes.push(worker.call('stream::set', { stream_name: 'board', group_id: 'g1', item_id: `i${n % 7}`, data: n }))
      if (n % 10 === 0) await Promise.all(writes)
    }
    const outcomes = (await Promise.all(writes)) as { error?: unknown }[]
    expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([])
    for (const subscriber of subscribers)
      expect(await subscriber.take(300)).toEqual(Array.from({ length: 300 }, (_, n) => n))
    expect(subscribers[0]!.connections).toBeGreaterThan(1)
  }, 60_000)

  it('when the engine is killed: what they saw is kept, what they missed comes', async () => {
    let engine = await folder.start()
    const subscriber = await Subscriber.open()
    const acknowledged: number[] = []
    let n = 0
    for (let round = 0; round < 3; round++) {
      const worker = await RawClient.connect(folder.url)
      const writing = Array.from({ length: 50 }, () => {
        const value = n++
        const data = { stream_name: 'board', group_id: 'g1', item_id: 'a', data: value }
        return worker.call('stream::set', data).then(
          ({ error }) => void (error === undefined && acknowledged.push(value)),
          () => {},
        )
      })
      await writing[10 * round]
      await engine.kill()
      engine = await folder.start()
    }
    const worker = await RawClient.connect(folder.url)
    await worker.call('stream::set', { stream_name: 'board', group_id: 'g1', item_id: 'a', data: 'end' })
    const received = await subscriber.until('end')
    const numbers = received.slice(0, -1) as number[]
    // Every acknowledged write once and in order; of the others none or one.
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
    expect(acknowledged.filter((value) => !numbers.includes(value))).toEqual([])
  }, 60_000)
})

/** Subscribes to group g1 of board, and again with its position whenever it was cut off. */
class Subscriber {
  connections = 0
  readonly #received: unknown[] = []
  #position: string | undefined
  #client!: StreamClient

  static async open(): Promise<Subscriber> {
    const subscriber = new Subscriber()
    await subscriber.#connect()
    await subscriber.#client.take(1)
    return subscriber
  }

  async take(count: number): Promise<unknown[]> {
    while (this.#all().length < count) await this.#next()
    await this.#client.settled()
    return this.#all()
  }

  async until(value: unknown): Promise<unknown[]> {
    while (!this.#all().includes(value)) await this.#next()
    return this.#all()
  }

  #all(): unknown[] {
    return [...this.#received, ...this.#client.received]
  }

  /** Waits for a frame, or for the end of the connection, after which there is a new one. */
  async #next(): Promise<void> {
    const { length } = this.#client.frames
    const frame = this.#client.until(() => this.#client.frames.length > length, 'a frame', 15_000)
    const isOpen = await Promise.race([frame.then(() => true), this.#client.closed.then(() => false)])
    if (isOpen) return
    frame.catch(() => {})
    this.#received.push(...this.#client.received)
    this.#position = this.#client.lastPosition ?? this.#position
    await this.#connect()
    await this.#client.take(1)
    expect(this.#client.frames[0]!.event).toEqual({ type: 'resume', recovered: true })
  }

  async #connect(): Promise<void> {
    for (;;) {
      const client = await StreamClient.connect(folder.streamUrl).catch((error: Error) => {
        if (!/ECONNREFUSED|ECONNRESET|hang up|HTTP 503/.test(error.message)) throw error
      })
      if (client === undefined) {
        await new Promise((resolve) => setImmediate(resolve))
        continue
      }
      this.connections++
      this.#client = client
      client.join('s-1', 'board', 'g1', { position: this.#position })
      return
    }
  }
}
