// `worker::logs` (spec 05 B.2): the last lines that a worker wrote. One that has written nothing is no error.
import { checkName } from '../worker-name.ts'
import type { OperationDeps } from './deps.ts'
import { OperationInput } from './input.ts'
import { lastLines, logFolderOf } from './log-files.ts'

const DEFAULT_LINES = 100
const MAX_LINES = 1_000

export interface LogsOutcome {
  readonly name: string
  readonly logs_dir: string | null
  readonly stdout: readonly string[]
  readonly stderr: readonly string[]
}

export async function logs(data: unknown, deps: OperationDeps): Promise<LogsOutcome> {
  const input = new OperationInput('worker::logs', data)
  const name = checkName(input.text('name'))
  const options = { lines: input.count('tail', DEFAULT_LINES, 0, MAX_LINES), raw: input.flag('raw') }
  const folder = await logFolderOf(name, deps)
  if (folder === undefined) return { name, logs_dir: null, stdout: [], stderr: [] }
  return {
    name,
    logs_dir: folder,
    stdout: await lastLines(folder, 'stdout', options),
    stderr: await lastLines(folder, 'stderr', options),
  }
}
