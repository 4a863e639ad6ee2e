// Ends this process whatever its threads do: `process.exit` waits for them, and one that is blocked in a system call never ends.
import { constants } from 'node:os'

/** As if nobody had listened to the signal, so that a shell sees what the user did: 130 for Ctrl-C. */
export function endBySignal(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  // The first process of a container gets no signal that it does not listen to, not even SIGKILL of its own.
  if (process.pid === 1) endByReplacement(128 + constants.signals[signal])
}

/** Threads end with the program that they belong to. */
function endByReplacement(exitCode: number): void {
  process.execve?.(process.execPath, [process.execPath, '-e', `process.exit(${exitCode})`], {})
}
