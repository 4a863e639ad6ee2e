// The connection to a plugin thread: two rings in shared memory and a message port (design, "The ring").
import { MessageChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads'
import { createRingMemory, DEFAULT_RING_BYTES } from '../../protocol/ring/memory.ts'
import { RingDuplex, type RingEndInit, type RingOptions } from '../../protocol/ring/ring-duplex.ts'
import { flushAfter } from './flush-turn.ts'
import { FrameTransport, type OnHostMessage } from './frame-transport.ts'

export { FrameLink as RingLink } from './frame-link.ts'

export interface RingTransportOptions extends Partial<RingOptions> {
  /** Size of each of the two rings, a power of two. Default 1 MiB. */
  readonly ring_bytes?: number
  /** Memory to use, as `createRingMemory` makes it. Default: new memory. */
  readonly memory?: SharedArrayBuffer
}

/** One per thread. Hand `init` to the thread, with `init.port` in the transfer list; `openRingEnd` opens it there. */
export class RingTransport extends FrameTransport {
  readonly init: RingEndInit
  readonly #ring: RingDuplex
  readonly #port: MessagePort

  constructor(onHost: OnHostMessage, options: RingTransportOptions = {}) {
    const memory = options.memory ?? createRingMemory(options.ring_bytes ?? DEFAULT_RING_BYTES)
    const { port1, port2 } = new MessageChannel()
    const ring = new RingDuplex(memory, 0, port1, { around_drain: flushAfter, ...options })
    super('ring', ring, onHost)
    this.#ring = ring
    this.#port = port1
    this.init = { memory, port: port2 }
    this.start()
  }

  override drainRemaining(): void {
    // Large frames that the thread had handed over may not have been dispatched yet.
    for (let left = receiveMessageOnPort(this.#port); left !== undefined; left = receiveMessageOnPort(this.#port)) {
      if (left.message instanceof ArrayBuffer) this.#ring.receiveLarge(left.message)
    }
    super.drainRemaining()
  }
}
