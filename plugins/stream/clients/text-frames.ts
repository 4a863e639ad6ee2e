// WebSocket text frames as a server sends them: unmasked, so the same bytes serve every subscriber (RFC 6455 §5.2).

const FINAL_TEXT = 0x81

/** One frame per payload, in one buffer. */
export function textFrames(payloads: readonly Uint8Array[]): Buffer {
  let bytes = 0
  for (const { length } of payloads) bytes += headerBytes(length) + length
  const frames = Buffer.allocUnsafeSlow(bytes)
  let at = 0
  for (const payload of payloads) {
    at = writeHeader(frames, at, payload.length)
    frames.set(payload, at)
    at += payload.length
  }
  return frames
}

function headerBytes(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10
}

function writeHeader(frames: Buffer, at: number, length: number): number {
  frames[at] = FINAL_TEXT
  if (length < 126) {
    frames[at + 1] = length
    return at + 2
  }
  if (length < 65_536) {
    frames[at + 1] = 126
    return frames.writeUInt16BE(length, at + 2)
  }
  frames[at + 1] = 127
  frames.writeUInt32BE(Math.floor(length / 2 ** 32), at + 2)
  return frames.writeUInt32BE(length >>> 0, at + 6)
}
