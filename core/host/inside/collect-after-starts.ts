// Plugins that start in a thread or process leave garbage behind there that nothing else would make it collect.
import { collectWhenIdle } from '../../../base/process/collect-when-idle.ts'

/** To be called after each start: once after the last one it is collected. */
export function collectAfterStarts(): () => void {
  let cancel = (): void => {}
  return () => {
    cancel()
    cancel = collectWhenIdle()
  }
}
