// The time, read once per turn of the event loop: for what is stamped on every frame and needs no more than that.

let time = -1
/** By a reaction to it the turn is over at a tenth of what `process.nextTick` takes. */
const past = Promise.resolve()

/** As `performance.now()`, taken at its first use in this turn. */
export function turnNow(): number {
  if (time < 0) {
    time = performance.now()
    void past.then(forget)
  }
  return time
}

function forget(): void {
  time = -1
}
