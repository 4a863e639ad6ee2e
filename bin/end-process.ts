// Ends this process by a signal whatever its threads do.
import { constants } from 'node:os'
import { endNow } from '../base/process/end-now.ts'

/** As if nobody had listened to the signal, so that a shell sees what the user did: 130 for Ctrl-C. */
export function endBySignal(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  // The first process of a container gets no signal that it does not listen to, not even SIGKILL of its own.
  if (process.pid === 1) endNow(128 + constants.signals[signal])
}
