// The thread's end of a ring connection.
import { RingDuplex, type RingEndInit, type RingOptions } from '../../protocol/ring/ring-duplex.ts'
import { FrameEnd, type OnHost } from './frame-end.ts'

export function openRingEnd({ memory, port }: RingEndInit, onHost: OnHost, options?: Partial<RingOptions>): FrameEnd {
  return new FrameEnd(new RingDuplex(memory, 1, port, options), onHost)
}
