// The worker side of large transfers: reads the body of an upload from its channel, and writes the body of a download to it.
import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import WebSocket from 'ws'
import { appendAnnouncement, isAnnounceAnswer } from './announcement.ts'
import { BulkCheck, pieceAt } from './bulk-bytes.ts'
import { Connection } from './connection.ts'
import type { BulkJob } from './load-job.ts'

interface ChannelRef {
  readonly channel_id: string
  readonly access_key: string
}

interface Message {
  readonly type: string
  readonly invocation_id?: string
  readonly data?: { readonly request_body: ChannelRef; readonly response: ChannelRef }
  readonly error?: unknown
}

/** A writer waits for what it has given out above this. */
const AHEAD_BYTES = 1024 * 1024

export class BulkWorker {
  readonly #job: BulkJob
  readonly #functionId: string
  readonly #onEnd: (reason: Error) => void
  readonly #registered = Promise.withResolvers<void>()
  #connection: Connection | undefined

  static async start(job: BulkJob, onEnd: (reason: Error) => void): Promise<BulkWorker> {
    const worker = new BulkWorker(job, onEnd)
    worker.#connection = await Connection.open(job.url, {
      onFrame: (buffer, start, end) => worker.#onMessage(JSON.parse(buffer.utf8Slice(start, end)) as Message),
      onEnd,
    })
    worker.#send({ type: 'registerfunction', id: worker.#functionId })
    const config = { api_path: job.path, http_method: job.way === 'upload' ? 'POST' : 'GET' }
    const function_id = worker.#functionId
    worker.#send({ type: 'registertrigger', id: randomUUID(), trigger_type: 'http', function_id, config })
    appendAnnouncement(worker.#connection, 'bench-bulk-worker')
    worker.#connection.flush()
    await worker.#registered.promise
    return worker
  }

  private constructor(job: BulkJob, onEnd: (reason: Error) => void) {
    this.#job = job
    this.#functionId = `bench::${job.way}`
    this.#onEnd = onEnd
  }

  close(): void {
    this.#connection?.close()
  }

  #send(message: object): void {
    this.#connection?.appendMessage(message)
    this.#connection?.flush()
  }

  #onMessage(message: Message): void {
    const { type, invocation_id, data, error } = message
    if (isAnnounceAnswer({ ...message })) return this.#registered.resolve()
    if (error !== undefined) return this.#onEnd(new Error(`The target refused: ${JSON.stringify(error)}`))
    if (type !== 'invokefunction' || data === undefined) return
    const done = this.#job.way === 'upload' ? this.#read(data.request_body) : this.#write(data.response)
    done.then(
      (result) => this.#send({ type: 'invocationresult', invocation_id, function_id: this.#functionId, result }),
      this.#onEnd,
    )
  }

  async #read(ref: ChannelRef): Promise<object> {
    const socket = this.#open(ref, 'read')
    const check = new BulkCheck()
    socket.on('message', (chunk: Buffer) => check.take(chunk))
    await once(socket, 'close')
    return { status_code: 200, body: { bytes: check.bytes, wrong: check.wrong } }
  }

  async #write(ref: ChannelRef): Promise<null> {
    const { bytes } = this.#job
    const socket = this.#open(ref, 'write')
    await once(socket, 'open')
    const headers = { 'content-type': 'application/octet-stream' }
    socket.send(JSON.stringify({ type: 'set_headers', headers }))
    for (let sent = 0; sent < bytes;) {
      const piece = pieceAt(sent, bytes)
      sent += piece.length
      if (socket.bufferedAmount < AHEAD_BYTES) socket.send(piece)
      else await new Promise<void>((resolve) => socket.send(piece, () => resolve()))
    }
    socket.close(1000, 'stream_complete')
    return null
  }

  #open({ channel_id, access_key }: ChannelRef, dir: 'read' | 'write'): WebSocket {
    const query = `key=${encodeURIComponent(access_key)}&dir=${dir}`
    // A mask of zeros spares the pass over the bytes.
    const generateMask = (mask: Buffer): void => void mask.fill(0)
    const options = { perMessageDeflate: false, generateMask }
    const socket = new WebSocket(`${this.#job.url}/ws/channels/${channel_id}?${query}`, options)
    socket.on('error', this.#onEnd)
    return socket
  }
}
