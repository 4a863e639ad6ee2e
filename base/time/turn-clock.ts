// The time, read once per turn of the event loop: for what is stamped on every frame and needs no more than that.

let time = -1

/** As `performance.now()`, taken at its first use in this turn. */
export function turnNow(): number {
  if (time < 0) {
    time = performance.now()
    process.nextTick(forget)
  }
  return time
}

function forget(): void {
  time = -1
}
