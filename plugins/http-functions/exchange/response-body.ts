// Reads the body of an answer: decompressed, and no more of it than may be.
import type { IncomingMessage } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import { CallError, causesOf } from './call-error.ts'

/** Bytes of answers that are being read, of all calls together. */
export const MAX_READ_BYTES = 256 * 1024 * 1024

/** Counts what is held by answers that are being read. */
export class ReadBytes {
  readonly #most: number
  #held = 0

  constructor(most = MAX_READ_BYTES) {
    this.#most = most
  }

  get held(): number {
    return this.#held
  }

  take(bytes: number): boolean {
    if (this.#held + bytes > this.#most) return false
    this.#held += bytes
    return true
  }

  give(bytes: number): void {
    this.#held -= bytes
  }
}

/** @throws CallError `http_response_failed`, `response_too_large` */
export async function readBody(response: IncomingMessage, maxBytes: number, readBytes: ReadBytes): Promise<Buffer> {
  const announced = Number(response.headers['content-length'] ?? 0)
  if (announced > maxBytes) {
    response.destroy()
    throw tooLarge(`has ${announced} bytes`, maxBytes)
  }
  const chunks: Buffer[] = []
  let bytes = 0
  let isEmpty = true
  response.once('data', () => (isEmpty = false)).pause()
  try {
    for await (const chunk of (await decoded(response)) as AsyncIterable<Buffer>) {
      if (bytes + chunk.length > maxBytes) throw tooLarge('is longer', maxBytes)
      if (!readBytes.take(chunk.length))
        throw new CallError(
          'http_response_failed',
          `more than ${MAX_READ_BYTES} bytes of answers are being read at once`,
          {
            isPassing: true,
          },
        )
      bytes += chunk.length
      chunks.push(chunk)
    }
    return Buffer.concat(chunks, bytes)
  } catch (error) {
    if (error instanceof CallError) throw error
    // Nothing at all is no content in any encoding, but many servers name one all the same.
    if (isEmpty && response.complete) return Buffer.alloc(0)
    throw new CallError('http_response_failed', `the answer broke off after ${bytes} bytes: ${causesOf(error)}`, {
      cause: error,
      isPassing: true,
    })
  } finally {
    readBytes.give(bytes)
    response.destroy()
  }
}

async function decoded(response: IncomingMessage): Promise<Readable> {
  const encodings = (response.headers['content-encoding'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity')
  if (encodings.length === 0) return response
  const zlib = await import('node:zlib')
  const known: Readonly<Record<string, () => NodeJS.ReadWriteStream>> = {
    gzip: () => zlib.createGunzip(),
    'x-gzip': () => zlib.createGunzip(),
    deflate: () => zlib.createInflate(),
    br: () => zlib.createBrotliDecompress(),
    zstd: () => zlib.createZstdDecompress(),
  }
  const [encoding = ''] = encodings
  const create = encodings.length === 1 && Object.hasOwn(known, encoding) ? known[encoding] : undefined
  if (create === undefined)
    throw new CallError(
      'http_response_failed',
      `the answer is encoded as '${encodings.join(', ').slice(0, 80)}', which can't be read`,
      {
        isPassing: false,
      },
    )
  const stream = create()
  // What goes wrong on either side is what the reader gets.
  pipeline(response, stream, () => {})
  return stream as unknown as Readable
}

function tooLarge(what: string, maxBytes: number): CallError {
  return new CallError(
    'response_too_large',
    `the answer ${what}, more than the ${maxBytes} bytes of max_response_bytes`,
    { isPassing: false },
  )
}
