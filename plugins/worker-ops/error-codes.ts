// The one table of the codes of operations on workers (spec 05 B.3).

/** Every code with its meaning, one sentence or two. */
export const WORKER_OP_CODES = {
  W100: 'The name of a worker is not one: letters, digits, `.`, `_` and `-`, not beginning with a dot, without `..`.',
  W101: 'Kept for iii: the source is none that is known.',
  W102: 'The local path can not be used: `details.path`.',
  W103: 'Neither names nor `all` was said, or both.',
  W104: 'The operation wants a `yes: true`, for it ends or changes something.',
  W105: 'The input did not parse; `details.hint` says what to do.',
  W110: 'There is no worker of that name.',
  W111: 'A worker of that name is there already.',
  W112: 'The worker is not installed: no entry of the configuration names it.',
  W113: 'The worker is not one that can be stopped, or does not run.',
  W114: 'The worker runs already; `details.pid` is its process.',
  W120: 'Another operation on this project is under way.',
  W121: 'The lock of the project could not be taken.',
  W130: 'The configuration file could not be read or written, or there is none.',
  W131: 'The configuration file is broken, or the engine refused what it would have said.',
  W140: 'The registry did not answer, or not with what it should.',
  W141: 'Container images are not supported.',
  W142: 'The download failed: no answer, too large, or another checksum.',
  W150: 'The lock file says something else than what was found.',
  W160: 'A process of the worker could not be started, or its installation failed.',
  W161: 'The worker ended before it was ready.',
  W162: 'The worker did not end in time.',
  W170: 'The operation was cancelled.',
  W180: 'The manifest of the package has a field that packages may not have.',
  W181: 'The archive of the package is not safe to unpack.',
  W182: 'A resource that the package asks for was reduced. A warning, never an error.',
  W183: 'The dependencies of the worker are too many or too deep.',
  W184: 'The dependencies of the worker contradict each other.',
  W900: 'Something unforeseen.',
} as const

export type WorkerOpCode = keyof typeof WORKER_OP_CODES
