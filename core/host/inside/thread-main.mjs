// The file that the thread pool loads. It must load without fail, or the pool waits for ever: everything else is imported by the
// task. Plain JavaScript: what strips types costs each thread 14 MB and 15 ms, and from the compile cache nothing needs it.
import { enableCompileCache } from 'node:module'

/**
 * @param {import('./thread-side.ts').ThreadTask} task
 * @returns {Promise<never>}
 */
export default async function runThread(task) {
  // Before the first import that it is to serve.
  if (task.compileCacheDir !== undefined) enableCompileCache(task.compileCacheDir)
  const { serveThread } = await import(task.module)
  return serveThread(task)
}
