// The JSON object in a request to the registry server.
import type { IncomingMessage } from 'node:http'
import { isRecord } from '../../../../base/values/is-record.ts'

/** Of a question to `/resolve`. */
export const MAX_BODY_BYTES = 64 * 1024

export type RequestBody =
  | { readonly kind: 'object'; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: 'refused'; readonly status: number; readonly why: string }

export async function readBody(request: IncomingMessage): Promise<RequestBody> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > MAX_BODY_BYTES)
      return { kind: 'refused', status: 413, why: `The body has more than ${MAX_BODY_BYTES} bytes.` }
    parts.push(part)
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'))
    if (isRecord(value)) return { kind: 'object', value }
  } catch {
    // Said below.
  }
  return { kind: 'refused', status: 400, why: 'The body must be a JSON object.' }
}
