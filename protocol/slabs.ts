// Memory that outgoing frames are built in. Regions are cut from shared slabs and lent until they were written: a thousand sockets
// that get one small frame each share a few slabs, and a busy socket uses the same ones for ever. Fresh memory per frame would be
// most of the garbage of a call.

const SLAB_BYTES = 64 * 1024
/** Slabs kept for reuse at most: 8 MiB. */
const MAX_FREE = 128

interface Slab {
  readonly buffer: Buffer
  /** Where the next region begins. */
  next: number
  /** Regions that were not given back. */
  lent: number
}

export interface Region {
  readonly slab: Slab
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
}

const free: Slab[] = []
let current: Slab = { buffer: Buffer.allocUnsafeSlow(SLAB_BYTES), next: 0, lent: 0 }

/** A region of at least `bytes`. Whoever gets it gives it back, once. */
export function lendRegion(bytes: number): Region {
  if (bytes > SLAB_BYTES) {
    const buffer = Buffer.allocUnsafeSlow(bytes)
    return { slab: { buffer, next: bytes, lent: 1 }, buffer, start: 0, end: bytes }
  }
  if (SLAB_BYTES - current.next < bytes)
    current = free.pop() ?? { buffer: Buffer.allocUnsafeSlow(SLAB_BYTES), next: 0, lent: 0 }
  const slab = current
  const start = slab.next
  slab.next += bytes
  slab.lent++
  return { slab, buffer: slab.buffer, start, end: slab.next }
}

export function giveBack({ slab }: Region): void {
  if (--slab.lent > 0) return
  slab.next = 0
  if (slab !== current && slab.buffer.length === SLAB_BYTES && free.length < MAX_FREE) free.push(slab)
}

export function giveAllBack(regions: readonly Region[]): void {
  for (const region of regions) giveBack(region)
}

export const MAX_REGION_BYTES = SLAB_BYTES
