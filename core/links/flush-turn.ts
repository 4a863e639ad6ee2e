// When the frames that a turn produced are written: at once when the turn ends, or, while more input is waiting, after that was read too.
// One event for a thousand subscribers stands in a few reads; several events then leave as one write per subscriber.

export interface Flushable {
  flush(): void
}

let dirty: Flushable[] = []
let scheduled: 'no' | 'tick' | 'poll' = 'no'
let bursts = 0
let isReading = false

/** A read filled its buffer: the next one follows in the same poll, so writing waits until all of it was read. */
export function noteFullRead(): void {
  bursts++
}

/** Runs what handles one read, and writes what came of it: as soon as `nextTick` would, and for less. */
export function flushAfter(read: () => void): void {
  isReading = true
  try {
    read()
  } finally {
    isReading = false
    if (scheduled !== 'poll' && dirty.length > 0) {
      if (bursts === 0) flushDirty()
      else flushAfterPoll()
    }
  }
}

/** Has `target` flushed once, when this turn is over. */
export function flushAfterTurn(target: Flushable): void {
  dirty.push(target)
  if (scheduled !== 'no' || isReading) return
  if (bursts > 0) return flushAfterPoll()
  scheduled = 'tick'
  process.nextTick(flushAll)
}

function flushAfterPoll(): void {
  scheduled = 'poll'
  setImmediate(flushAll)
}

function flushAll(): void {
  scheduled = 'no'
  bursts = 0
  flushDirty()
}

function flushDirty(): void {
  const targets = dirty
  dirty = []
  for (const target of targets) target.flush()
}
