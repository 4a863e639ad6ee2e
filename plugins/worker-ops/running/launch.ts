// What it takes to start a worker: its command, the folder to run it in, its variables. Looked up anew for each start.
import { join } from 'node:path'
import type { InstalledWorker, WorkerInstaller } from '../installing.ts'
import { readWorkerFolder } from '../manifest/worker-folder.ts'
import type { WorkerSpec } from './worker-spec.ts'

export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly manifestEnv: Readonly<Record<string, string>>
  readonly config: Readonly<Record<string, unknown>>
  /** For a shell, in `cwd`; undefined: nothing is installed. */
  readonly install: string | undefined
  /** Whose files are watched; undefined: none. */
  readonly sources: string | undefined
  /** Functions that it publishes; empty where none are known. */
  readonly functions: readonly string[]
}

/** @throws when there is nothing that could be started, in a sentence */
export async function launchOf(
  spec: WorkerSpec,
  installer: () => Promise<WorkerInstaller>,
  settingsArgument: string | undefined,
  projectRoot: string,
): Promise<Launch> {
  if (spec.path !== undefined) {
    const reading = await readWorkerFolder(spec.path)
    if ('problem' in reading) throw new Error(reading.problem)
    const { folder, start, install, env } = reading.worker
    return {
      ...shell(start),
      cwd: folder,
      manifestEnv: env,
      config: spec.config,
      install,
      sources: folder,
      functions: [],
    }
  }
  const found = await installed(spec.name, await installer())
  const { folder, command, env, config = {}, functions = [] } = found
  return {
    ...(command.kind === 'shell'
      ? shell(command.line)
      : { command: command.file, args: settingsArgument === undefined ? [] : ['--config', settingsArgument] }),
    cwd: found.type === 'binary' ? projectRoot : folder,
    manifestEnv: env,
    config: { ...config, ...spec.config },
    install: undefined,
    sources: undefined,
    functions,
  }
}

/** A command line as the shell of this platform takes it. */
export function shell(line: string): { readonly command: string; readonly args: readonly string[] } {
  return process.platform === 'win32' ? { command: 'cmd', args: ['/C', line] } : { command: 'sh', args: ['-c', line] }
}

/** What is pinned and not on disk, as in a fresh clone, is fetched. */
async function installed(name: string, installer: WorkerInstaller): Promise<InstalledWorker> {
  const found = await installer.installed(name)
  if (found !== undefined) return found
  const pinned = await installer.pinned(name)
  if (pinned === undefined) throw new Error(`worker '${name}' is not installed: add it with worker::add`)
  return installer.fetch(pinned)
}

/** Where what was done once for a worker is noted. */
export function stampFile(dataDir: string, name: string): string {
  return join(dataDir, 'installed', name)
}
