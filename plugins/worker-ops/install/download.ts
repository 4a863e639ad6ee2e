// Fetches one file, from the network or from a path, and knows its checksum when it is done: what is unpacked later is what was hashed.
// Nothing is left of it when it fails.
import { createHash } from 'node:crypto'
import { open, unlink } from 'node:fs/promises'
import { timeText } from '../../../base/values/amount-text.ts'
import { WorkerOpError } from '../errors.ts'
import type { OnDownload } from '../installing.ts'
import { refused, tooLarge } from './download-error.ts'
import { openSource, type Source } from './download-source.ts'

/** Of a download as a whole, however steadily it comes. */
export const MAX_DOWNLOAD_MS = 600_000

export interface Download {
  /** `http(s):` or `file:`. */
  readonly url: string
  /** 64 small hex digits. */
  readonly sha256: string
  /** Absolute; not there yet. */
  readonly target: string
  readonly maxBytes: number
  /** How long nothing may come. */
  readonly idleMs: number
  readonly onDownload?: OnDownload | undefined
  readonly signal?: AbortSignal | undefined
}

/** @throws W142 for whatever is wrong with the source; errors of the disk as they are */
export async function download(what: Download): Promise<void> {
  const { url, target, sha256 } = what
  const late = AbortSignal.timeout(MAX_DOWNLOAD_MS)
  const signal = what.signal === undefined ? late : AbortSignal.any([what.signal, late])
  const source = await openSource(url, what.idleMs, signal)
  try {
    const found = await store(what, source, late)
    if (found !== sha256) {
      throw refused(url, `its SHA-256 is ${found}, and not ${sha256} as it should be. Have it published again`)
    }
  } catch (error) {
    await unlink(target).catch(() => {})
    throw error
  } finally {
    source.close()
  }
}

/** The SHA-256 of what came. */
async function store(what: Download, source: Source, late: AbortSignal): Promise<string> {
  const { url, target, maxBytes, onDownload } = what
  if (source.length !== undefined && source.length > maxBytes) throw tooLarge(url, maxBytes)
  const hash = createHash('sha256')
  let bytes = 0
  const file = await open(target, 'wx', 0o600)
  try {
    for await (const piece of piecesOf(source, url, late)) {
      bytes += piece.length
      if (bytes > maxBytes) throw tooLarge(url, maxBytes)
      hash.update(piece)
      for (let at = 0; at < piece.length;) at += (await file.write(piece, at)).bytesWritten
      onDownload?.(bytes, source.length)
    }
  } finally {
    await file.close()
  }
  if (source.length !== undefined && bytes !== source.length) {
    throw refused(url, `it broke off after ${bytes} of ${source.length} bytes. Try again`)
  }
  return hash.digest('hex')
}

/** Errors of the source are told from those of the disk here. */
async function* piecesOf(source: Source, url: string, late: AbortSignal): AsyncGenerator<Buffer, void> {
  try {
    yield* source.pieces
  } catch (error) {
    if (error instanceof WorkerOpError) throw error
    const why = late.aborted ? `it was not over after ${timeText(MAX_DOWNLOAD_MS)}` : (error as Error).message
    throw refused(url, why, error)
  }
}
