// The file that the thread pool loads. It must load without fail, or the pool waits for ever: everything else is imported by the task.
import { enableCompileCache } from 'node:module'
import type { ThreadTask } from './thread-side.ts'

export default async function runThread(task: ThreadTask): Promise<never> {
  // Before the first import that it is to serve.
  enableCompileCache(task.compileCacheDir)
  const { serveThread } = await import('./thread-side.ts')
  return serveThread(task)
}
