// When the frames that a turn produced are written: at once when the turn ends, or, while more input is waiting, after that was read too.
// One event for a thousand subscribers stands in a few reads; several events then leave as one write per subscriber.

import { turnBegins, turnEnds } from '../../base/time/turn-clock.ts'

export interface Flushable {
  flush(): void
}

/** What Node reads from a socket at most in one go: the next read follows in the same poll. */
const FULL_READ_BYTES = 64 * 1024
/** A read from this size on may be a part of a burst of which the next poll brings more: a window of TCP is often just below a full read. */
const LARGE_READ_BYTES = 16 * 1024
/** To wait for another poll pays where it saves writes: when so many sockets are to be written to. */
const MANY_TARGETS = 32
/** Nothing waits while more than that is read: as much as one poll reads from one socket. */
const MOST_BYTES = 32 * FULL_READ_BYTES

/** Most turns have one: an array that is pushed to takes room for sixteen more. */
const NONE: Flushable[] = []
let dirty = NONE
let scheduled: 'no' | 'tick' | 'poll' = 'no'
let isReading = false
/** Read since something waits for polls. */
let heldFor = 0
/** The poll that is going on has brought another part of a burst. */
let goesOn = false

/**
 * Runs what handles one read, and writes what came of it: as soon as `nextTick` would, and for less; or after what follows a large read.
 * @param bytes size of a read from a socket; 0 for others, which nobody waits for.
 */
export function flushAfter(read: () => void, bytes = 0): void {
  const before = readBegins()
  try {
    read()
  } finally {
    readEnds(before, bytes)
  }
}

/** `flushAfter` in two halves, for whom a function for each read is too much. Returns what `readEnds` is to be told, whatever happens between. */
export function readBegins(): number {
  isReading = true
  turnBegins()
  return dirty.length
}

export function readEnds(before: number, bytes: number): void {
  isReading = false
  turnEnds()
  if (dirty.length > 0) flushOrWait(bytes, before)
}

/** Has `target` flushed once, when this turn is over. */
export function flushAfterTurn(target: Flushable): void {
  if (dirty.length === 0) dirty = [target]
  else dirty.push(target)
  if (scheduled !== 'no' || isReading) return
  scheduled = 'tick'
  process.nextTick(flushAll)
}

function flushOrWait(bytes: number, before: number): void {
  const isPart = bytes >= FULL_READ_BYTES || (bytes >= LARGE_READ_BYTES && dirty.length >= MANY_TARGETS)
  // What others have caused meanwhile does not wait for the burst.
  if (!isPart) return flushFrom(scheduled === 'poll' ? before : 0)
  goesOn = true
  heldFor += bytes
  if (scheduled === 'poll') return
  scheduled = 'poll'
  setImmediate(pollIsOver)
}

function pollIsOver(): void {
  if (!goesOn || dirty.length < MANY_TARGETS || heldFor >= MOST_BYTES) return flushAll()
  goesOn = false
  setImmediate(pollIsOver)
}

function flushAll(): void {
  scheduled = 'no'
  goesOn = false
  heldFor = 0
  flushFrom(0)
}

function flushFrom(first: number): void {
  const targets = first === 0 ? dirty : dirty.splice(first)
  if (first === 0) dirty = NONE
  for (const target of targets) target.flush()
}
