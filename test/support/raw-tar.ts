// Tar archives byte by byte, so that a test can write what no tool would.
import { gzipSync } from 'node:zlib'

export interface RawEntry {
  readonly name: string
  readonly content?: string | Uint8Array
  /** The type flag. Default: that of a file, or of a folder where the name ends with a slash. */
  readonly flag?: string
  readonly mode?: number
  readonly link?: string
  /** What the header says of the size. Default: how long the content is. */
  readonly size?: number | Uint8Array
  readonly magic?: string
  readonly prefix?: string
  /** Added to the right checksum. */
  readonly wrongBy?: number
}

const BLOCK = 512

export function rawEntry({ name, content = '', flag, mode = 0o644, link = '', ...odd }: RawEntry): Buffer {
  const body = Buffer.from(content)
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, at: number, length: number): void => {
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  }
  block.write(name, 0, 100)
  octal(mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  const { size = body.length } = odd
  if (typeof size === 'number') octal(size, 124, 12)
  else block.set(size, 124)
  octal(0, 136, 12)
  block.write(flag ?? (name.endsWith('/') ? '5' : '0'), 156, 'latin1')
  block.write(link, 157, 100)
  block.write(odd.magic ?? 'ustar\x0000', 257, 'latin1')
  block.write(odd.prefix ?? '', 345)
  block.fill(' ', 148, 156)
  octal(block.reduce((sum, byte) => sum + byte, 0) + (odd.wrongBy ?? 0), 148, 7)
  return Buffer.concat([block, body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)])
}

/** `path=x` and the like, before the entry of which they speak. */
export function paxRecords(records: Readonly<Record<string, string>>, flag: 'x' | 'g' = 'x'): Buffer {
  const content = Object.entries(records).map(([key, value]) => {
    const body = ` ${key}=${value}\n`
    const bytes = Buffer.byteLength(body)
    const length = bytes + String(bytes + String(bytes).length).length
    return `${length}${body}`
  })
  return rawEntry({ name: 'records', flag, content: content.join('') })
}

export function rawTar(...parts: readonly (RawEntry | Buffer)[]): Buffer {
  const blocks = parts.map((part) => (Buffer.isBuffer(part) ? part : rawEntry(part)))
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)])
}

export function rawTarGz(...parts: readonly (RawEntry | Buffer)[]): Buffer {
  return gzipSync(rawTar(...parts))
}
