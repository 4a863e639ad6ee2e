// What is wrong with an entry of the configuration, at the key that it is about: one spelling for a start, a change and `iii config check`.
import { appendPointer, type JsonPath } from '../../base/values/json-path.ts'
import { CodedError } from '../../protocol/errors.ts'
import type { Isolation } from '../../sdk/plugin.ts'
import type { ConfigProblem } from './config-error.ts'
import type { EngineConfig, WorkerEntry } from './types.ts'

export interface EntryProblem {
  /** The key inside the entry: `['config', 'port']`; `[]` is the whole of it. */
  readonly path: JsonPath
  readonly message: string
  readonly remedy?: string
}

/** Several problems of one entry; the message names the line of each. */
export class EntryError extends CodedError {
  readonly problems: readonly EntryProblem[]

  constructor(entry: WorkerEntry, problems: readonly EntryProblem[]) {
    super('PLUGIN_CONFIG_INVALID', problems.map((problem) => placed(entry, problem)).join('; '))
    this.problems = problems
  }
}

/** Of an error, or of what caused it. */
export function entryProblemsOf(error: unknown): readonly EntryProblem[] | undefined {
  for (let each = error; each instanceof Error; each = each.cause) if (each instanceof EntryError) return each.problems
  return undefined
}

/** `iii-config.yaml:5: …`. */
export function placed(entry: WorkerEntry, { path, message }: EntryProblem): string {
  const line = lineIn(entry, path)
  return `${line === undefined ? entry.origin : entry.origin.replace(/:\d+$/, `:${line}`)}: ${message}`
}

/** For a `ConfigError`. */
export function problemAt(config: EngineConfig, entry: WorkerEntry, problem: EntryProblem): ConfigProblem {
  const { path, message, remedy } = problem
  const line = lineIn(entry, path)
  return { file: config.file, ...(line !== undefined && { line }), message, ...(remedy !== undefined && { remedy }) }
}

/** Of the key, or of the nearest one around it that stands in the file. */
function lineIn({ lines = {}, origin }: WorkerEntry, path: JsonPath): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const line =
      lines[path.slice(0, length).reduce<string>((pointer, part) => appendPointer(pointer, String(part)), '')]
    if (line !== undefined) return line
  }
  const [, own] = /:(\d+)$/.exec(origin) ?? []
  return own === undefined ? undefined : Number(own)
}

/** A thread can't be held to permissions. */
export function needsProcess(name: string, isolation: Isolation): EntryProblem {
  return {
    path: ['permissions'],
    message: `worker '${name}': permissions need 'isolation: process', got '${isolation}': a thread can't be held to them`,
    remedy: "Write 'isolation: process', or remove 'permissions'.",
  }
}

/**
 * No plugin holds the seat that would enforce them.
 * @param holder the built-in that does where it runs.
 */
export function nobodyEnforcesRbac(name: string, port: number, holder: string | undefined): EntryProblem {
  const remedy =
    holder === undefined
      ? "Remove 'rbac' from the entry, and keep its host on loopback"
      : `Enable the entry '${holder}', which does that, or remove it: it is added where it is needed`
  return {
    path: ['config', 'rbac'],
    message: `worker '${name}': port ${port} has an 'rbac' block, but no plugin holds the seat 'session-policy' that would enforce it; the port stays closed rather than open to everybody. ${remedy}`,
  }
}
