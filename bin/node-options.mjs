// How Node is set up for the engine process (docs/decisions/2026-11-20-node-options.md). Plain JavaScript: the launcher needs it on any Node.
import v8 from 'node:v8'

/** The oldest major version that runs the engine. */
export const NEEDED_MAJOR = 24

/**
 * A small young generation: what a router throws away are the buffers of reads, and these go at once with frequent, cheap
 * collections; with large ones they pile up outside the heap until a full collection is forced.
 */
export const ENGINE_NODE_OPTIONS = ['--max-semi-space-size=1']

/**
 * For the malloc of glibc, unless the user has set it himself: threads that end give their memory back where there are few arenas, and the
 * files that a start reads give theirs where the threshold is a fixed one (docs/decisions/2026-11-30-malloc-at-rest.md).
 */
const ENGINE_ENVIRONMENT = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '1048576' }
/** Names what of it the launcher has set. */
const OWN_VARIABLE = 'III_OWN_ENVIRONMENT'

/** @param {NodeJS.ProcessEnv} env that of the user @returns {NodeJS.ProcessEnv} */
export function engineEnvironment(env) {
  const own = Object.entries(ENGINE_ENVIRONMENT).filter(([name]) => env[name] === undefined)
  return { ...env, ...Object.fromEntries(own), [OWN_VARIABLE]: own.map(([name]) => name).join(' ') }
}

/** It is read when a process begins; what the engine starts is to have the environment of the user. */
export function hideOwnEnvironment() {
  const own = (process.env[OWN_VARIABLE] || '').split(' ')
  for (const name of Object.keys(ENGINE_ENVIRONMENT)) if (own.includes(name)) delete process.env[name]
  delete process.env[OWN_VARIABLE]
}

/**
 * The options are for the router's thread: plugins hold many calls at once and do better with Node's own sizes. And V8 would collect the small
 * young generation by a task when four fifths of it are used, a fourth more often than it must (docs/decisions/2026-11-30-shared-read-memory.md).
 */
export function keepOptionsFromThreads() {
  if (!process.execArgv.includes(ENGINE_NODE_OPTIONS[0])) return
  v8.setFlagsFromString('--max-semi-space-size=0')
  v8.setFlagsFromString('--no-minor-gc-task')
}
