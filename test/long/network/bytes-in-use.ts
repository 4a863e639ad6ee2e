// What this process holds once everything is collected that can be.
import { setTimeout as elapse } from 'node:timers/promises'

const LOOKS = 10

export interface BytesInUse {
  /** Objects. */
  readonly heap: number
  /** Buffers, those that are kept for the next use included. */
  readonly outside: number
}

/** The least of some looks: buffers are let go of in turns after the collection, by threads that may be late. */
export async function bytesInUse(collect: () => void): Promise<BytesInUse> {
  let [heap, outside] = [Infinity, Infinity]
  for (let look = 0; look < LOOKS; look++) {
    collect()
    await elapse(20)
    const { heapUsed, external } = process.memoryUsage()
    heap = Math.min(heap, heapUsed)
    outside = Math.min(outside, external)
  }
  return { heap, outside }
}
