// The reading end of a channel in Node: the bytes as a stream.
import { Readable } from 'node:stream'
import { ReadingEnd } from './reading-end.ts'

/** The end of a channel that items are read from: texts by `onMessage`, bytes by `stream`. */
export class ChannelReader extends ReadingEnd<Buffer> {
  #stream: Readable | undefined
  #wanted = false

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
