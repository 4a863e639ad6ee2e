// The target's side of `target-process.ts`: says where it listens, and ends with its parent.
import type { TargetReady } from './target-process.ts'

export function announce(url: string, more: Pick<TargetReady, 'streamUrl' | 'publicUrl' | 'httpUrl'> = {}): void {
  const ready: TargetReady = { url, ...more, pid: process.pid }
  process.send?.(ready)
  process.on('disconnect', () => process.exit(0))
}
