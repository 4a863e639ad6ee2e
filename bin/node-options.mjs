// How Node is set up for the engine process (docs/decisions/2026-11-20-node-options.md). Plain JavaScript: the launcher needs it on any Node.
import v8 from 'node:v8'

/** The oldest major version that runs the engine. */
export const NEEDED_MAJOR = 24

/**
 * A small young generation: what a router throws away are the buffers of reads, and these go at once with frequent, cheap
 * collections; with large ones they pile up outside the heap until a full collection is forced.
 */
export const ENGINE_NODE_OPTIONS = ['--max-semi-space-size=1']

/** Threads that end give their memory back where glibc keeps few arenas; kept as the user set it, if so. */
export const ENGINE_ENVIRONMENT = { MALLOC_ARENA_MAX: '2' }

/**
 * The options are for the router's thread: plugins hold many calls at once and do better with Node's own sizes. And V8 would collect the small
 * young generation by a task when four fifths of it are used, a fourth more often than it must (docs/decisions/2026-11-30-shared-read-memory.md).
 */
export function keepOptionsFromThreads() {
  if (!process.execArgv.includes(ENGINE_NODE_OPTIONS[0])) return
  v8.setFlagsFromString('--max-semi-space-size=0')
  v8.setFlagsFromString('--no-minor-gc-task')
}
