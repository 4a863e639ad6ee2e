// UUIDs of version 4 for hot paths. As `crypto.randomUUID()`, whose text consists of twenty pieces until somebody reads it.
import { randomFillSync } from 'node:crypto'

const BYTES = 16
/** Random bytes are drawn for that many ids at once. */
const DRAWN = 256
const DASH = 0x2d
const HEX = Buffer.from('0123456789abcdef')

const random = Buffer.allocUnsafeSlow(BYTES * DRAWN)
const text = Buffer.allocUnsafeSlow(36)
let used = random.length

export function randomId(): string {
  if (used === random.length) {
    randomFillSync(random)
    used = 0
  }
  random[used + 6] = (random[used + 6]! & 0x0f) | 0x40
  random[used + 8] = (random[used + 8]! & 0x3f) | 0x80
  let to = 0
  for (let index = 0; index < BYTES; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) text[to++] = DASH
    const byte = random[used + index]!
    // Each is used once.
    random[used + index] = 0
    text[to++] = HEX[byte >>> 4]!
    text[to++] = HEX[byte & 0x0f]!
  }
  used += BYTES
  return text.latin1Slice(0, to)
}
