// The file that the thread pool loads. It must load without fail, or the pool waits for ever: everything else is imported by the task.
import type { ThreadTask } from './thread-side.ts'

export default async function runThread(task: ThreadTask): Promise<never> {
  const { serveThread } = await import('./thread-side.ts')
  return serveThread(task)
}
