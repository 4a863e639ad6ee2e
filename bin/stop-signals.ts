// Ctrl-C and SIGTERM: the first asks for an orderly end, a second one ends at once.

/**
 * One press reaches the engine several times: from the terminal's process group, from npm, from the launcher.
 * What follows within this time is the same press.
 */
const SAME_PRESS_MS = 250

export interface StopSignals {
  /** The first signal, by name. */
  readonly first: Promise<NodeJS.Signals>
  close(): void
}

export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown
}

/** `onSecond` runs when the user insists. `now` is in milliseconds and handed in by tests. */
export function stopSignals(
  source: SignalSource,
  onSecond: (signal: NodeJS.Signals) => void,
  now = () => performance.now(),
): StopSignals {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let firstAt: number | undefined
  const listener = (signal: NodeJS.Signals) => {
    if (firstAt === undefined) {
      firstAt = now()
      resolve(signal)
    } else if (now() - firstAt >= SAME_PRESS_MS) {
      onSecond(signal)
    }
  }
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM']
  for (const signal of signals) source.on(signal, listener)
  return {
    first: promise,
    close: () => {
      for (const signal of signals) source.off(signal, listener)
    },
  }
}
