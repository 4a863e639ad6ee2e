// The time, read once per turn of the event loop: for what is stamped on every frame and needs no more than that.

let time = -1
/** Somebody is going to say when this part of the turn ends. */
let isBounded = false
/** By a reaction to it the turn is over at a tenth of what `process.nextTick` takes. */
const past = Promise.resolve()

/** As `performance.now()`, taken at its first use in this turn. */
export function turnNow(): number {
  if (time < 0) {
    time = performance.now()
    if (!isBounded) void past.then(forget)
  }
  return time
}

function forget(): void {
  time = -1
}

/** Until `turnEnds`, which is to follow before anything else is awaited, no promise has to see to it that the time goes on. */
export function turnBegins(): void {
  isBounded = true
}

/** What asks from now on gets the time anew. */
export function turnEnds(): void {
  isBounded = false
  time = -1
}
