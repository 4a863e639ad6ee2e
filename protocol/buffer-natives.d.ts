// Methods of Buffer that Node has but its types leave out: they skip the option parsing of `toString` and `write`, and work on shared memory.
// The functions of the hot path use them.
interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> extends Uint8Array<TArrayBuffer> {
  utf8Slice(start?: number, end?: number): string
  latin1Slice(start?: number, end?: number): string
  /** Returns the number of bytes written. */
  utf8Write(text: string, offset?: number, length?: number): number
  latin1Write(text: string, offset?: number, length?: number): number
}
