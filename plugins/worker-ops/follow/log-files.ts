// Reads on in the log files of a worker from where a reader was: whole lines, page by page, across files that were put aside meanwhile.
// The cursor says where in which file; it holds for every process that sees the files.
import { open, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord } from '../../../base/values/is-record.ts'

export const LOG_STREAMS = ['stdout', 'stderr'] as const
export type LogStreamName = (typeof LOG_STREAMS)[number]

export interface FollowedLine {
  readonly stream: LogStreamName
  readonly line: string
}

export interface LogPage {
  readonly lines: readonly FollowedLine[]
  /** For the next page. */
  readonly next: string
  /** True when files that were not read have gone meanwhile: lines are missing. */
  readonly missed: boolean
  /** There is more already. */
  readonly more: boolean
}

export const FOLLOW_LIMITS = {
  /** Of each stream in one page. A line that is longer comes in pieces. */
  pageBytes: 64 * 1024,
  /** Looked through for the last lines at first. */
  scannedBytes: 1024 * 1024,
}

/** `stdout.log.1` is the newest of those put aside. */
const OLDER_FILES = 9

/** Where a reader is in a stream: at this byte of the file with this number. undefined: there was no file. */
type Position = { readonly file: string; readonly at: number } | undefined
type Positions = Partial<Record<LogStreamName, { readonly file: string; readonly at: number }>>

/** The last lines of each stream, and from where to go on. */
export async function lastLines(folder: string, newest: number): Promise<LogPage> {
  const lines: FollowedLine[] = []
  const next: Positions = {}
  for (const stream of LOG_STREAMS) {
    const read = await withFile(join(folder, `${stream}.log`), async (handle, file, size) => {
      const from = Math.max(0, size - FOLLOW_LIMITS.scannedBytes)
      const { texts, end } = wholeLines(await bytesOf(handle, from, size - from))
      // The first of them may be the end of a line.
      const whole = from === 0 ? texts : texts.slice(1)
      return { texts: newest === 0 ? [] : whole.slice(-newest), position: { file, at: from + end } }
    })
    if (read === undefined) {
      // In the moment between two files the end of the last one is the place.
      const aside = await withFile(join(folder, `${stream}.log.1`), async (_, file, size) => ({ file, at: size }))
      if (aside !== undefined) next[stream] = aside
      continue
    }
    lines.push(...read.texts.map((line) => ({ stream, line })))
    next[stream] = read.position
  }
  return { lines, next: JSON.stringify(next), missed: false, more: false }
}

/** What has come since. @param cursor of the page before; anything else is read as the beginning. */
export async function linesSince(folder: string, cursor: string): Promise<LogPage> {
  const before = positionsIn(cursor)
  const pages = await Promise.all(LOG_STREAMS.map((stream) => streamSince(folder, stream, before[stream])))
  const next: Positions = {}
  for (const { stream, position } of pages) if (position !== undefined) next[stream] = position
  return {
    lines: pages.flatMap(({ stream, texts }) => texts.map((line) => ({ stream, line }))),
    next: JSON.stringify(next),
    missed: pages.some(({ missed }) => missed),
    more: pages.some(({ more }) => more),
  }
}

interface StreamPage {
  readonly stream: LogStreamName
  readonly texts: readonly string[]
  readonly position: Position
  readonly missed: boolean
  readonly more: boolean
}

async function streamSince(folder: string, stream: LogStreamName, before: Position): Promise<StreamPage> {
  const current = join(folder, `${stream}.log`)
  // What was written before there was a place to go on from has come since.
  const age = before === undefined ? await oldestAge(current) : await ageOf(current, before.file)
  const isLost = age === undefined
  const path = fileOf(current, age ?? 0)
  const page = await withFile(path, async (handle, file, size) => {
    // It was put aside in this moment: looked for again.
    if (before !== undefined && !isLost && before.file !== file) return { texts: [], position: before, more: true }
    // A file that is shorter than it was has been emptied by somebody.
    const at = before?.file === file && before.at <= size ? before.at : 0
    const bytes = await bytesOf(handle, at, Math.min(size - at, FOLLOW_LIMITS.pageBytes))
    const { texts, end } = wholeLines(bytes)
    const isFull = bytes.length === FOLLOW_LIMITS.pageBytes
    if (end === 0 && isFull) return { texts: [bytes.toString()], position: { file, at: at + bytes.length }, more: true }
    const read = { texts, position: { file, at: at + end }, more: isFull }
    if (isFull || age === 0 || isLost) return read
    // Nothing is added to a file that was put aside: the next one is read from its beginning.
    const newer = await nextNewer(current, age)
    const isThere = newer !== undefined && (await numberOf(path)) === file
    return isThere ? { ...read, position: { file: newer, at: 0 }, more: true } : { ...read, more: newer !== undefined }
  })
  // In the moment between two files there is none: the place in the last one counts still.
  if (page === undefined) return { stream, texts: [], position: before, missed: false, more: false }
  return { stream, ...page, missed: isLost }
}

/** 0: the one that is written; undefined: there is none with this number any more. */
async function ageOf(current: string, file: string): Promise<number | undefined> {
  for (let age = 0; age <= OLDER_FILES; age++) {
    if ((await numberOf(fileOf(current, age))) === file) return age
  }
  return undefined
}

// There may be gaps between the files: while one is put aside, and where somebody has deleted one.

async function oldestAge(current: string): Promise<number> {
  let oldest = 0
  // Upwards, as they are put aside: one that moves meanwhile is met in its next place.
  for (let age = 1; age <= OLDER_FILES; age++) if ((await numberOf(fileOf(current, age))) !== undefined) oldest = age
  return oldest
}

async function nextNewer(current: string, age: number): Promise<string | undefined> {
  for (let newer = age - 1; newer >= 0; newer--) {
    const number = await numberOf(fileOf(current, newer))
    if (number !== undefined) return number
  }
  return undefined
}

function fileOf(current: string, age: number): string {
  return age === 0 ? current : `${current}.${age}`
}

async function numberOf(path: string): Promise<string | undefined> {
  return stat(path, { bigint: true }).then(
    ({ ino }) => String(ino),
    () => undefined,
  )
}

async function withFile<Result>(
  path: string,
  read: (handle: FileHandle, file: string, size: number) => Promise<Result>,
): Promise<Result | undefined> {
  let handle: FileHandle
  try {
    handle = await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const { ino, size } = await handle.stat({ bigint: true })
    return await read(handle, String(ino), Number(size))
  } finally {
    await handle.close()
  }
}

async function bytesOf(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  if (length <= 0) return Buffer.alloc(0)
  const buffer = Buffer.allocUnsafe(length)
  const { bytesRead } = await handle.read(buffer, 0, length, from)
  return buffer.subarray(0, bytesRead)
}

/** @returns `end`: where the first line begins that is not whole yet. */
function wholeLines(bytes: Buffer): { readonly texts: readonly string[]; readonly end: number } {
  const end = bytes.lastIndexOf(0x0a) + 1
  if (end === 0) return { texts: [], end: 0 }
  return {
    texts: bytes
      .subarray(0, end - 1)
      .toString()
      .split('\n'),
    end,
  }
}

function positionsIn(cursor: string): Positions {
  let parsed: unknown
  try {
    parsed = JSON.parse(cursor)
  } catch {
    return {}
  }
  const positions: Positions = {}
  for (const stream of LOG_STREAMS) {
    const position = isRecord(parsed) ? parsed[stream] : undefined
    if (!isRecord(position)) continue
    const { file, at } = position
    if (typeof file === 'string' && typeof at === 'number' && Number.isSafeInteger(at) && at >= 0)
      positions[stream] = { file, at }
  }
  return positions
}
