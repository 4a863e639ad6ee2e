// Ends this process whatever its threads do: `process.exit` waits for them, and one that is blocked in a system call never ends.

/** As if nobody had listened to the signal, so that a shell sees what the user did: 130 for Ctrl-C. */
export function endBySignal(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}
