// Ends this process whatever its threads do: `process.exit` waits for them, and one that is blocked in a system call never ends.
import { existsSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/**
 * Ends it at once with this exit code, as a process that becomes another one, which has no threads and does nothing but exit. Where
 * that can't be, it is killed. Nothing is written or closed any more.
 */
export function endNow(code: number): void {
  try {
    if (process.execve !== undefined && existsSync(process.execPath))
      process.execve(process.execPath, [process.execPath, '--eval', `process.exit(${code})`], {})
  } catch {
    // Not on this system, or not permitted.
  }
  process.kill(process.pid, 'SIGKILL')
}

/**
 * The end of the process, whoever asks for it, comes at once although threads are blocked. To be called while there are such, and what
 * it returns once there are none. In a thread, whose end is not the end of the process, it does nothing.
 */
export function exitDespiteThreads(): () => void {
  if (!isMainThread) return () => {}
  process.on('exit', endNow)
  return () => void process.off('exit', endNow)
}
