// The connection to a plugin process: the frames of a ring over the process channel.
import { PipeDuplex, type PipeOptions, type PipePort } from '../../protocol/ring/pipe-duplex.ts'
import { FrameTransport, type OnHostMessage } from './frame-transport.ts'

export { FrameLink as PipeLink } from './frame-link.ts'

/**
 * What tinypool calls a channel: it connects a task to the process that runs it. Needs the pool options
 * `runtime: 'child_process'` and `serialization: 'advanced'`. A forked process can be connected to it by hand.
 */
export interface ProcessChannel {
  /** The pool gives the function that sends to the process. */
  onMessage(send: (message: unknown) => void): void
  /** The pool hands over what the process sent. */
  postMessage(message: unknown): void
  /** The pool ends the process or gives it another channel. */
  onClose(): void
}

/** One per process. Hand `channel` to the pool with the task; `openPipeEnd` opens it in the process. */
export class PipeTransport extends FrameTransport {
  readonly channel: ProcessChannel

  constructor(onHost: OnHostMessage, options: Partial<PipeOptions> = {}) {
    let toProcess: ((message: unknown) => void) | undefined
    let listener: ((batch: Uint8Array) => void) | undefined
    // What is written before the pool has a process; bounded by the window of the duplex.
    let early: Uint8Array[] = []
    const port: PipePort = {
      send(batch) {
        if (toProcess === undefined) early.push(Uint8Array.from(batch))
        else toProcess(batch)
      },
      onMessage(onBatch) {
        listener = onBatch
      },
      close() {
        listener = undefined
        early = []
      },
    }
    super('pipe', new PipeDuplex(port, options), onHost)
    this.channel = {
      onMessage(send) {
        toProcess = send
        for (const batch of early.splice(0)) send(batch)
      },
      postMessage(message) {
        if (message instanceof Uint8Array) listener?.(message)
      },
      onClose: () => this.close(),
    }
    this.start()
  }
}
