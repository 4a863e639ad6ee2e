// What a fan-out run needs of the way that its events take: somebody who fires them, and those who get them.

export interface Audience {
  /** Connects everybody; resolves when the target knows all subscribers. */
  open(): Promise<void>
  fire(event: number): void
  /** Hands the events fired since the last time to the kernel. */
  flush(): void
  /** Resolves when everything that was sent has been answered. */
  settled(): Promise<void>
  /** Calls without an answer. */
  readonly unanswered: number
  /** Events that a subscriber never got although it got later ones, over all subscribers. */
  readonly missed: number
  close(): void
}

const OPENED_AT_ONCE = 50

/** Opens many connections without overrunning the listener's queue. */
export async function openAll<Opened>(count: number, open: (index: number) => Promise<Opened>): Promise<Opened[]> {
  const all: Opened[] = []
  for (let first = 0; first < count; first += OPENED_AT_ONCE) {
    const indexes = Array.from({ length: Math.min(OPENED_AT_ONCE, count - first) }, (_, index) => first + index)
    all.push(...(await Promise.all(indexes.map(open))))
  }
  return all
}
