// What becomes of a Node `Buffer` in JSON, and the bytes that it was.
import { isRecord } from '../../../base/values/is-record.ts'

/** @returns undefined for a value that is not exactly `{"type":"Buffer","data":[0 … 255]}`. */
export function bufferBytes(value: unknown): Uint8Array | undefined {
  if (!isRecord(value) || value['type'] !== 'Buffer') return undefined
  const data: unknown = value['data']
  if (!Array.isArray(data) || Object.keys(value).length !== 2) return undefined
  const bytes = Buffer.allocUnsafe(data.length)
  for (let index = 0; index < data.length; index++) {
    const byte: unknown = data[index]
    if (typeof byte !== 'number' || !Number.isInteger(byte) || byte < 0 || byte > 255) return undefined
    bytes[index] = byte
  }
  return bytes
}
