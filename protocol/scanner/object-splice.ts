// Tells an encoder how to add a member to raw JSON: before the last byte of an object, with a comma if it has members.

export const Splice = { NotAnObject: 0, EmptyObject: 1, WithMembers: 2 } as const
export type Splice = (typeof Splice)[keyof typeof Splice]

/** `data` is one JSON value without white space around it, as the scanner's ranges are: an object then ends with its brace. */
export function objectSplice(data: Buffer): Splice {
  if (data.length < 2 || data[0] !== 0x7b) return Splice.NotAnObject
  for (let at = 1; at < data.length; at++) {
    const byte = data[at]!
    if (byte > 0x20) return byte === 0x7d ? Splice.EmptyObject : Splice.WithMembers
  }
  return Splice.NotAnObject
}
