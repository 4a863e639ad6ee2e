// The file that the thread pool loads. It must load without fail, or the pool waits for ever: everything else is imported by the
// task. Plain JavaScript: what strips types costs each thread 14 MB and 15 ms, and from the compile cache nothing needs it.
import { enableCompileCache, registerHooks } from 'node:module'

/**
 * @param {import('./thread-side.ts').ThreadTask} task
 * @returns {Promise<never>}
 */
export default async function runThread(task) {
  // Before the first import that it is to serve.
  if (task.compileCacheDir !== undefined) enableCompileCache(task.compileCacheDir)
  // Before the import of what stacks are to name the sources of.
  if (task.file !== undefined) process.setSourceMapsEnabled(true)
  // One that is torn, as after a power cut, or was cleared away is done without.
  const whole = task.file && (await import(task.file.url).catch(() => undefined))
  if (!whole || !whole.serveThread) {
    const { serveThread } = await import(task.module)
    return serveThread({ ...task, file: undefined })
  }
  answerFor(whole.addresses, task.file.url)
  return whole.serveThread(task)
}

/**
 * Whoever imports one of the modules that the file holds, such as a plugin of the user, gets what is in the file: classes must be the
 * very same everywhere in a thread.
 * @param {Readonly<Record<string, readonly [prefix: string, names: readonly string[]]>>} addresses
 * @param {string} file
 */
function answerFor(addresses, file) {
  registerHooks({
    load(url, context, next) {
      const held = addresses[url]
      if (held === undefined) return next(url, context)
      const [prefix, names] = held
      const list = names.map((name) => `${prefix}${name} as ${name}`).join(', ')
      return { format: 'module', source: `export { ${list} } from ${JSON.stringify(file)}`, shortCircuit: true }
    },
  })
}
