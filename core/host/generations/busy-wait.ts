// How long a change waits that was not made because calls did not end in time (docs/reference/plugins.md, `busy`).

const FIRST_MS = 1_000
const CAP_MS = 30_000

/** @param attempt 1 before the first try again; the wait doubles with each. */
export function busyWait(attempt: number): number {
  return Math.min(CAP_MS, FIRST_MS * 2 ** (attempt - 1))
}
