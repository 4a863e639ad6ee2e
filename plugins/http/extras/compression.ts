// Compresses whole answers, off the event loop. Streams are sent as they come: each of their chunks must reach the client at once.
import { brotliCompress, constants, gzip, zstdCompress } from 'node:zlib'
import { promisify } from 'node:util'
import { hasNoBody, headerOf, type Answer, type HeaderList } from '../response/answer.ts'
import { chooseEncoding, type Encoding } from './accept-encoding.ts'
import { codedTag } from './etag.ts'

export interface CompressionOptions {
  /** Shorter bodies are not worth it. */
  readonly minBytes: number
  /** The best one first. */
  readonly encodings: readonly Encoding[]
}

export const ENCODINGS: readonly Encoding[] = ['zstd', 'br', 'gzip']

/** Bodies under way at a time, since they share few threads with all that reads files. Beyond it answers are sent as they are. */
export const MAX_AT_ONCE = 8
/** A larger body is sent as it is. */
export const MAX_COMPRESSED_BYTES = 16 * 1024 * 1024

export class Compression {
  readonly #options: CompressionOptions
  #running = 0

  constructor(options: CompressionOptions) {
    this.#options = options
  }

  /** @param acceptEncoding of the request. @returns at once what is not compressed. */
  compress(answer: Answer, acceptEncoding: string | undefined): Answer | Promise<Answer> {
    const { minBytes, encodings } = this.#options
    if (!isCompressible(answer)) return answer
    // Caches must tell apart what clients of one kind get from what others do, also where this one gets it plain.
    const plain = { ...answer, headers: [...answer.headers, VARY] }
    const { length } = answer.body
    if (hasNoBody(answer.status) || length < minBytes || length > MAX_COMPRESSED_BYTES) return plain
    const encoding = chooseEncoding(acceptEncoding, encodings)
    if (encoding === undefined || this.#running >= MAX_AT_ONCE) return plain
    return this.#compressed(plain, encoding)
  }

  async #compressed(plain: Answer, encoding: Encoding): Promise<Answer> {
    this.#running++
    try {
      const body = await CODERS[encoding](plain.body)
      if (body.length >= plain.body.length) return plain
      return { status: plain.status, headers: codedHeaders(plain.headers, encoding), body }
    } catch {
      // Out of memory, say: the client gets its answer all the same.
      return plain
    } finally {
      this.#running--
    }
  }
}

const VARY = ['vary', 'accept-encoding'] as const

type Coder = (body: string | Uint8Array) => Promise<Buffer>

const gzipBody = promisify(gzip) as (body: string | Uint8Array, options: object) => Promise<Buffer>
const brotliBody = promisify(brotliCompress) as (body: string | Uint8Array, options: object) => Promise<Buffer>
const zstdBody = promisify(zstdCompress) as (body: string | Uint8Array, options: object) => Promise<Buffer>

/** With levels for what is compressed once and sent once. */
const CODERS: Readonly<Record<Encoding, Coder>> = {
  gzip: (body) => gzipBody(body, { level: 6 }),
  br: (body) =>
    brotliBody(body, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 4,
        [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
      },
    }),
  zstd: (body) => zstdBody(body, { params: { [constants.ZSTD_c_compressionLevel]: 3 } }),
}

const COMPRESSIBLE =
  /^(?:text\/(?!event-stream)|application\/(?:json|javascript|xml|wasm|graphql|x-ndjson|x-javascript|manifest)|image\/(?:svg|bmp|x-icon)|font\/(?:ttf|otf)|[^;]*\+(?:json|xml|text))/i

function isCompressible({ status, headers }: Answer): boolean {
  if (status === 206 || headerOf(headers, 'content-encoding') !== undefined) return false
  if (headerOf(headers, 'cache-control')?.includes('no-transform')) return false
  // 304 has no type, and the answer that it stands for may have been compressed.
  const type = headerOf(headers, 'content-type')
  return type === undefined ? status === 304 : COMPRESSIBLE.test(type)
}

function codedHeaders(headers: HeaderList, encoding: Encoding): HeaderList {
  const coded: HeaderList = headers.map(([name, value]) => [name, name === 'etag' ? codedTag(value, encoding) : value])
  coded.push(['content-encoding', encoding])
  return coded
}
