// The thread's end of a ring connection.
import type { MessagePort } from 'node:worker_threads'
import { RingDuplex, type RingOptions } from '../../protocol/ring/ring-duplex.ts'
import { FrameEnd, type OnHost } from './frame-end.ts'

/** What the engine hands to a thread; the port has to be in the transfer list. */
export interface RingEndInit {
  readonly memory: SharedArrayBuffer
  readonly port: MessagePort
}

export function openRingEnd({ memory, port }: RingEndInit, onHost: OnHost, options?: Partial<RingOptions>): FrameEnd {
  return new FrameEnd(new RingDuplex(memory, 1, port, options), onHost)
}
