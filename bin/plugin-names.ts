// What names of built-in workers mean for a user's plugin: one that has such a name runs in the place of the worker.
import type { WorkerNames } from '../core/config/worker-names.ts'
import { CommandFailure } from './exit-codes.ts'

export const REPLACE_ARG = {
  replace: {
    type: 'boolean',
    description: 'Let the plugin run in the place of the built-in worker that has its name',
    default: false,
  },
} as const

export interface Naming {
  /** The user knows what it replaces, and wants that. */
  readonly replace: boolean
  /** What was asked for, to be repeated: `iii plugin new`. */
  readonly command: string
}

/** @throws CommandFailure for a plugin of this name, if it would keep a built-in worker from running and nobody asked for that. */
export function refuseBuiltInName(names: WorkerNames, name: string, { replace, command }: Naming): void {
  const worker = names.canonicalName(name)
  if (!names.isProvided(worker)) return
  if (names.isCore(worker))
    throw new CommandFailure(
      `Error: '${name}' is the name of a part of the engine, which no plugin can replace. Choose another name.`,
    )
  if (worker !== name)
    throw new CommandFailure(
      `Error: '${name}' is another name of the built-in worker ${worker}: an entry of this name would run the plugin, ` +
        `and not the worker. Choose another name. To replace the worker: iii plugin new ${worker} --replace`,
    )
  if (!replace)
    throw new CommandFailure(
      `Error: '${name}' is the name of a built-in worker: the plugin would run in its place, with its rights, and what ` +
        `the worker provides would be gone. Choose another name. To replace it on purpose: ${command} ${name} --replace`,
    )
}
