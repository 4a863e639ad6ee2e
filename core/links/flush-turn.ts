// When the frames that a turn produced are written: at once when the turn ends, or, while more input is waiting, after that was read too.
// One event for a thousand subscribers stands in a few reads; several events then leave as one write per subscriber.

export interface Flushable {
  flush(): void
}

let dirty: Flushable[] = []
let scheduled: 'no' | 'tick' | 'poll' = 'no'
let bursts = 0

/** A read filled its buffer: the next one follows in the same poll, so writing waits until all of it was read. */
export function noteFullRead(): void {
  bursts++
}

/** Has `target` flushed once, when this turn is over. */
export function flushAfterTurn(target: Flushable): void {
  dirty.push(target)
  if (scheduled !== 'no') return
  if (bursts > 0) {
    scheduled = 'poll'
    setImmediate(flushAll)
  } else {
    scheduled = 'tick'
    process.nextTick(flushAll)
  }
}

function flushAll(): void {
  const targets = dirty
  dirty = []
  scheduled = 'no'
  bursts = 0
  for (const target of targets) target.flush()
}
