// The buffers of large frames lie outside the heap, and V8 collects the young generation by what is in the heap. What many of them leave
// behind until then has it collect the old one as well, again and again (docs/decisions/2026-11-30-large-frames.md).
import { collector } from './collector.ts'

/** Costs 0.3 ms each time; V8 begins with the old generation at some 16 MB. */
const MOST_BYTES = 8 * 1024 * 1024

let gc: ReturnType<typeof collector>

/** So much memory outside the heap is taken for a short time. Collects the young generation when it was a lot since the last time. */
export const tookMemory = memoryMeter(collectYoung)

/** Counts bytes, and has what was counted collected when it is much. */
export function memoryMeter(collect: () => void): (bytes: number) => void {
  let taken = 0
  return (bytes) => {
    taken += bytes
    if (taken < MOST_BYTES) return
    taken = 0
    collect()
  }
}

function collectYoung(): void {
  gc ??= collector()
  gc?.({ type: 'minor' })
}
