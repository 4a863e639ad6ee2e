// An entry of the configuration, as the supervisor runs it.
import { isDeepStrictEqual } from 'node:util'
import { isAbsolute, resolve } from 'node:path'
import type { SeatEntry } from '../../../protocol/seats.ts'

export interface WorkerSpec {
  readonly name: string
  /** Absolute, of a local worker; undefined: it is installed. */
  readonly path: string | undefined
  readonly config: Readonly<Record<string, unknown>>
}

export function specOf({ name, worker_path: path, config }: SeatEntry, projectRoot: string): WorkerSpec {
  return { name, path: path === null ? undefined : isAbsolute(path) ? path : resolve(projectRoot, path), config }
}

export function isSameSpec(left: WorkerSpec, right: WorkerSpec): boolean {
  return left.path === right.path && isDeepStrictEqual(left.config, right.config)
}
