// Passes over white space between tokens.

const SPACE = 0x20

/** The first place from `start` on that holds none; the length when there is nothing else. */
export function skipSpace(bytes: Buffer, start: number): number {
  const { length } = bytes
  let at = start
  while (at < length) {
    const byte = bytes[at]!
    if (byte > SPACE || (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break
    at++
  }
  return at
}
