// The reading end of a channel in Node: the bytes as a stream.
import { Readable } from 'node:stream'
import { ReadingEnd } from './reading-end.ts'

/** How a channel ended for its reader. */
export interface ChannelEnd {
  /** The writer has closed it, so nothing is missing. False: writer or engine were lost, or there is no such channel (code 404). */
  readonly clean: boolean
  /** 1000 for a clean end, 1011 for a lost writer, 1001 when the engine ends, 404 when there is no such channel. */
  readonly code: number
  readonly reason: string
}

/** The end of a channel that items are read from: texts by `onMessage`, bytes by `stream`. */
export class ChannelReader extends ReadingEnd<Buffer> {
  #stream: Readable | undefined
  #wanted = false
  #isPaused = false
  /** What has come while it was paused: items in order, then the end. The writer's window bounds it. */
  #held: (string | Uint8Array | ChannelEnd)[] = []
  #onEnd: ((end: ChannelEnd) => void)[] = []

  /** The binary data; text messages go to `onMessage` alone. */
  get stream(): Readable {
    this.#stream ??= new Readable({
      read: () => {
        this.attach()
        this.#wanted = true
        this.feed()
      },
      destroy: (error, done) => {
        this.close()
        done(error)
      },
    })
    return this.#stream
  }

  /** Calls back once when nothing more will come, after the last item. Attaches the reader. */
  onEnd(callback: (end: ChannelEnd) => void): void {
    this.#onEnd.push(callback)
    this.attach()
  }

  /** Holds items back from the callbacks until `resume`. The writer stops after at most one window, 256 KiB. */
  pause(): void {
    this.#isPaused = true
  }

  /** Hands out what was held back, in order, and goes on. A callback may pause again. */
  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    while (!this.#isPaused) {
      const item = this.#held.shift()
      if (item === undefined) return
      if (typeof item === 'string') super.receiveText(item)
      else if (item instanceof Uint8Array) super.receiveBinary(item)
      else this.closedByPeer(item.code, item.reason)
    }
  }

  /** Reads no further; the writer is told. What was held back is dropped. */
  override close(): void {
    this.#isPaused = false
    this.#held = []
    this.#onEnd = []
    super.close()
  }

  /** @internal For the connection. */
  override receiveText(text: string): void {
    if (this.#isPaused) this.#held.push(text)
    else super.receiveText(text)
  }

  /** @internal For the connection. */
  override receiveBinary(bytes: Uint8Array): void {
    if (this.#isPaused) this.#held.push(bytes)
    else super.receiveBinary(bytes)
  }

  /** @internal For the connection. */
  override closedByPeer(code: number, reason: string): void {
    if (this.#isPaused) return void this.#held.push({ clean: isClean(code), code, reason })
    super.closedByPeer(code, reason)
    for (const callback of this.#onEnd.splice(0)) callback({ clean: isClean(code), code, reason })
  }

  /** All binary data until the end of the channel. */
  async readAll(): Promise<Buffer> {
    const chunks: Buffer[] = []
    for await (const chunk of this.stream) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks)
  }

  protected override get isRead(): boolean {
    return this.#stream !== undefined
  }

  protected override feed(): void {
    const stream = this.#stream
    if (stream === undefined || stream.destroyed) return
    while (this.#wanted && this.hasWaiting) {
      const bytes = this.take()
      this.#wanted = stream.push(bytes)
      // An empty item does not make the stream ask again.
      if (bytes.length === 0) this.#wanted = true
      this.taken(bytes.length)
    }
    if (!this.isDone || stream.readableEnded) return
    if (this.failure !== undefined) stream.destroy(this.failure)
    else stream.push(null)
  }
}

/** On a socket also a close without a code. */
function isClean(code: number): boolean {
  return code === 1000 || code === 1005
}
