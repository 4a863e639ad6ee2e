// Names as bytes in Redis. Ordinary text is UTF-8, as everybody writes it. Text with lone surrogates has no UTF-8: written by
// Node it would become U+FFFD, and two names one. Those halves get the three bytes that UTF-8 would give them (WTF-8).

/** Never two names to the same bytes. */
export function encodeName(name: string): string | Buffer {
  if (name.isWellFormed()) return name
  const parts: Buffer[] = []
  let start = 0
  for (let index = 0; index < name.length; index++) {
    if (!isLone(name, index)) continue
    const half = name.charCodeAt(index)
    parts.push(Buffer.from(name.slice(start, index)))
    parts.push(Buffer.from([0xe0 | (half >> 12), 0x80 | ((half >> 6) & 0x3f), 0x80 | (half & 0x3f)]))
    start = index + 1
  }
  parts.push(Buffer.from(name.slice(start)))
  return Buffer.concat(parts)
}

/** The inverse. Bytes that are neither, which somebody else wrote, come out with U+FFFD. */
export function decodeName(bytes: Buffer): string {
  let text = ''
  let start = 0
  for (let index = bytes.indexOf(0xed); index !== -1; index = bytes.indexOf(0xed, index + 1)) {
    const [second = 0, third = 0] = bytes.subarray(index + 1, index + 3)
    // 0xed begins the block D000–DFFF; from A0 on it is a surrogate.
    if (second < 0xa0 || second > 0xbf || third < 0x80 || third > 0xbf) continue
    text += bytes.toString('utf8', start, index) + String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | (third & 0x3f))
    start = index + 3
  }
  return text + bytes.toString('utf8', start)
}

function isLone(text: string, index: number): boolean {
  const unit = text.charCodeAt(index)
  if (unit < 0xd800 || unit > 0xdfff) return false
  const isHigh = unit < 0xdc00
  const partner = text.charCodeAt(isHigh ? index + 1 : index - 1)
  return isHigh ? !(partner >= 0xdc00 && partner <= 0xdfff) : !(partner >= 0xd800 && partner <= 0xdbff)
}
