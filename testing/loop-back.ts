// The connection of a plugin process, but with both ends in this one: the same frames, copied from end to end in batches.
// A batch arrives in a microtask of its own, so that no handler runs inside the dispatch of a call.
import { PipeDuplex, type PipeOptions, type PipePort } from '../protocol/ring/pipe-duplex.ts'
import type { LinkKind } from '../core/model/link.ts'
import { FrameTransport, type OnHostMessage } from '../core/links/frame-transport.ts'

const OPTIONS: Partial<PipeOptions> = { batch_bytes: 16 * 1024, later: queueMicrotask }

/** The engine's end; `far` is the other one, for a `FrameEnd`. */
export class LoopBackTransport extends FrameTransport {
  readonly far: PipeDuplex
  readonly #near: LoopBackPort
  readonly #opposite: LoopBackPort

  constructor(kind: LinkKind, onHost: OnHostMessage) {
    const near = new LoopBackPort()
    super(kind, new PipeDuplex(near, OPTIONS), onHost)
    this.#near = near
    this.#opposite = new LoopBackPort()
    near.peer = this.#opposite
    this.#opposite.peer = near
    this.far = new PipeDuplex(this.#opposite, OPTIONS)
    this.start()
  }

  /** Calls `task` when the far end has been closed and all that it had sent has arrived. */
  onFarClosed(task: () => void): void {
    this.#near.onPeerClosed = task
  }

  /** The same for the other direction. */
  onNearClosed(task: () => void): void {
    this.#opposite.onPeerClosed = task
  }

  /** Each connection has one link only. */
  override detach(member: number): void {
    super.detach(member)
    this.close()
  }
}

class LoopBackPort implements PipePort {
  peer: LoopBackPort | undefined
  onPeerClosed: () => void = () => {}
  #listener: ((batch: Uint8Array) => void) | undefined

  send(batch: Uint8Array): void {
    const copy = Uint8Array.from(batch)
    queueMicrotask(() => this.peer?.receive(copy))
  }

  receive(batch: Uint8Array): void {
    this.#listener?.(batch)
  }

  onMessage(listener: (batch: Uint8Array) => void): void {
    this.#listener = listener
  }

  close(): void {
    this.#listener = undefined
    queueMicrotask(() => this.peer?.onPeerClosed())
  }
}
