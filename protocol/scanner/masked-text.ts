// Texts in frames that stay masked (RFC 6455, 5.3).

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE = 0x20
const DELETE = 0x7f

/** Whether an unmasked byte stands within a text for itself: no escape, no end, ASCII. */
export function isPlainByte(byte: number): boolean {
  return byte >= SPACE && byte <= DELETE && byte !== QUOTE && byte !== BACKSLASH
}

/** The mask for the byte so many bytes further on; its lowest byte is for the first one. */
export function turned(key: number, bytes: number): number {
  const bits = (bytes & 3) * 8
  return bits === 0 ? key : (key >>> bits) | (key << (32 - bits))
}
