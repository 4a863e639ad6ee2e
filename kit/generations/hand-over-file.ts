// What a generation of a plugin leaves to the one that follows: a small file in the folder of the instance, read once.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isRecord } from '../../base/values/is-record.ts'

/** Longest gap between generations: an older file is of an engine that has ended. */
export const LONGEST_GAP_MS = 60_000

export interface HandOverLog {
  warn(message: string, data?: unknown): void
}

/** @param lost what is lost if it can't be written, as the first half of a sentence. @param stoppedAt in milliseconds since 1970. */
export function writeHandOver(file: string, content: object, lost: string, stoppedAt: number, log: HandOverLog): void {
  try {
    // In place: its one reader starts when this is done, and ignores half a file of an engine that was killed here.
    writeFileSync(file, JSON.stringify({ stopped_at: stoppedAt, ...content }), { mode: 0o600 })
  } catch (error) {
    log.warn(`${lost}: the hand-over can not be written.`, { file, error: (error as Error).message })
  }
}

/**
 * Undefined: there is none, or none of use.
 * @param isWhole whether the content is of the shape that was written.
 */
export function takeHandOver<Content>(
  file: string,
  isWhole: (content: Readonly<Record<string, unknown>>) => boolean,
  now: number,
  log: HandOverLog,
): Content | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
    // Gone before anything is done by it: a generation that crashes is not followed by one that does it all again.
    rmSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn('The hand-over of the previous generation can not be read.', { file, error: (error as Error).message })
    return undefined
  }
  const content = parse(text)
  if (typeof content?.['stopped_at'] !== 'number' || !isWhole(content)) {
    log.warn('The hand-over of the previous generation is damaged and was ignored.', { file })
    return undefined
  }
  return Math.abs(now - content['stopped_at']) <= LONGEST_GAP_MS ? (content as Content) : undefined
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const content: unknown = JSON.parse(text)
    return isRecord(content) ? content : undefined
  } catch {
    return undefined
  }
}
