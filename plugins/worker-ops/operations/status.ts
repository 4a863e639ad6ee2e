// `worker::status` (spec 05 B.2): how one worker is, and what to do next. A worker that is not there is an answer, no error.
import { builtInWorker } from '../built-in-workers.ts'
import { nameProblem } from '../worker-name.ts'
import type { OperationDeps } from './deps.ts'
import { OperationInput } from './input.ts'
import { entryOf, pinnedWorker } from './installed.ts'
import { logFolderOf, lastLines } from './log-files.ts'
import { RunningRows, type RunningRow } from './running.ts'

const TAIL_LINES = 20

export interface StatusOutcome {
  readonly name: string
  readonly installed: boolean
  readonly worker_type: 'oci' | 'local' | 'binary' | 'bundle' | 'builtin' | 'not-installed'
  readonly running: boolean
  readonly status: 'running' | 'starting' | 'stopped'
  readonly pid: number | null
  readonly version: string | null
  readonly logs_dir: string | null
  readonly stderr_tail: readonly string[]
  readonly stdout_tail: readonly string[]
  readonly hint: string
}

export async function status(data: unknown, deps: OperationDeps): Promise<StatusOutcome> {
  const input = new OperationInput('worker::status', data)
  const name = input.text('name')
  const problem = nameProblem(name)
  if (problem !== undefined) input.fail(`'${name}' is no name of a worker: ${problem}`)
  const builtIn = builtInWorker(name)
  const entry = await entryOf(name, deps)
  const pinned = entry?.worker_path === undefined ? await pinnedWorker(name, deps) : undefined
  const row = await (await RunningRows.look(deps)).of(builtIn?.name ?? name)
  const type =
    builtIn !== undefined
      ? 'builtin'
      : entry?.worker_path !== undefined
        ? 'local'
        : entry !== undefined && pinned !== undefined && pinned.type !== 'engine'
          ? pinned.type
          : 'not-installed'
  const installed = builtIn === undefined ? type !== 'not-installed' : entry !== undefined || builtIn.mandatory
  const folder = await logFolderOf(name, deps)
  const tails = await tailsOf(name, folder, deps)
  const { running, status: state, pid, version } = row
  return {
    name,
    installed,
    worker_type: type,
    running,
    status: state,
    pid,
    version: pinned?.version ?? version ?? null,
    logs_dir: folder ?? null,
    ...tails,
    hint: hintOf(name, installed, row, deps),
  }
}

/** Of the files; where they can't be written, of what the engine remembers. */
async function tailsOf(
  name: string,
  folder: string | undefined,
  { engine }: OperationDeps,
): Promise<Pick<StatusOutcome, 'stderr_tail' | 'stdout_tail'>> {
  const known = engine?.workers.get(name)?.tail
  const of = async (stream: 'stdout' | 'stderr'): Promise<readonly string[]> => {
    if (known !== undefined && known[stream].length > 0) return known[stream].slice(-TAIL_LINES)
    return folder === undefined ? [] : lastLines(folder, stream, { lines: TAIL_LINES, raw: false })
  }
  return { stderr_tail: await of('stderr'), stdout_tail: await of('stdout') }
}

function hintOf(name: string, installed: boolean, { running, status: state }: RunningRow, deps: OperationDeps): string {
  const { engine } = deps
  if (!installed)
    return `'${name}' is not installed. Add it: worker::add {"source":{"kind":"registry","name":"${name}"}}.`
  if (running) return 'It runs, and its functions can be called.'
  if (engine === undefined) return 'The engine is not running. It starts its workers when it does.'
  const worker = engine.workers.get(name)
  const why = worker?.problem === undefined ? '' : ` It ${worker.problem}.`
  if (worker?.state === 'gave up')
    return `It ended too often and is given up.${why} Correct it, then call worker::start {"name":"${name}"}.`
  if (worker?.state === 'backing off') return `It is started again in a moment.${why}`
  if (worker?.state === 'installing') return 'It is being installed.'
  if (state === 'starting')
    return `Its process runs and has not connected yet. worker::logs {"name":"${name}"} shows what it writes.`
  return `It is stopped. Start it: worker::start {"name":"${name}"}.`
}
