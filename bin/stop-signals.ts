// Ctrl-C, SIGTERM and SIGHUP: the first asks for an orderly end, a second one ends at once.

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

export interface StopSignalsOptions {
  /** SIGHUP does not end it: it was started by `nohup`, or in its place (`hangup.mjs`). Default: it does. */
  readonly ignoresHangup?: boolean
  /** In milliseconds; handed in by tests. */
  readonly now?: () => number
}

/** `onSecond` runs when the user insists. */
export function stopSignals(
  source: SignalSource,
  onSecond: (signal: NodeJS.Signals) => void,
  { ignoresHangup = false, now = () => performance.now() }: StopSignalsOptions = {},
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
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', ...(ignoresHangup ? [] : (['SIGHUP'] as const))]
  for (const signal of signals) source.on(signal, listener)
  return {
    first: promise,
    close: () => {
      for (const signal of signals) source.off(signal, listener)
    },
  }
}
