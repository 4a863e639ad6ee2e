// Runs operations in this process, where no engine does: they change the files of the project, and the next start takes them up. What each
// needs is loaded when it is run.
import { WorkerOpError } from '../errors.ts'
import type { WorkerEvent } from '../events.ts'
import type { WorkerInstaller } from '../installing.ts'
import type { OperationDeps } from '../operations/deps.ts'
import type { CommandProject, CommandTools } from '../../../sdk/built-in.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import { ENGINE_WORKER_TABLE } from '../../engine-workers/table.ts'

type Operation = (input: unknown, deps: OperationDeps) => Promise<unknown>

/** As `Road.run`. */
export function inProcess(
  tools: CommandTools,
  project: CommandProject,
): (functionId: string, input: object, onEvent?: (event: WorkerEvent) => void) => Promise<unknown> {
  return async (functionId, input, onEvent) => {
    if (functionId === 'directory::registry::workers::info')
      return await (await registry(tools, project)).info(input as never)
    const run = await operationOf(functionId)
    const installer = installerOf(tools, project)
    try {
      return await run(input, await depsOf(tools, project, installer.open, onEvent))
    } finally {
      await installer.close()
    }
  }
}

async function operationOf(functionId: string): Promise<Operation> {
  // No functions of the engine: what they do concerns files alone.
  if (functionId === 'worker::sync') return (await import('../operations/sync.ts')).sync
  if (functionId === 'worker::verify') return (await import('../operations/verify.ts')).verify
  const { WORKER_FUNCTIONS } = await import('../functions/declarations.ts')
  const known = WORKER_FUNCTIONS.find(({ id }) => id === functionId)
  if (known !== undefined) return known.run
  throw new WorkerOpError(
    'W113',
    `engine is not running: ${functionId} can not be called. Start it with \`iii start\`.`,
  )
}

/** Opened by the operation that needs it; its threads end with that. */
function installerOf(
  tools: CommandTools,
  project: CommandProject,
): { open(): Promise<WorkerInstaller>; close(): Promise<void> } {
  let opened: Promise<WorkerInstaller> | undefined
  const make = async (): Promise<WorkerInstaller> => {
    const [{ Installer }, { projectAt }] = await Promise.all([
      import('../install/installer.ts'),
      import('../project.ts'),
    ])
    return new Installer({
      project: projectAt(project.root, project.configFile),
      log: logOf(tools),
      registrySettings: () => settingsOf(tools, project),
    })
  }
  return {
    open: () => (opened ??= make()),
    close: async () => void (await opened?.then((installer) => installer.close())),
  }
}

async function depsOf(
  tools: CommandTools,
  project: CommandProject,
  installer: () => Promise<WorkerInstaller>,
  onEvent: ((event: WorkerEvent) => void) | undefined,
): Promise<OperationDeps> {
  const [{ operationsWithoutEngine }, { projectAt }, { workerEvents }] = await Promise.all([
    import('../without-engine.ts'),
    import('../project.ts'),
    import('../trigger.ts'),
  ])
  const at = projectAt(project.root, project.configFile)
  const deps = operationsWithoutEngine(at, { log: logOf(tools), env: tools.env, installer })
  return onEvent === undefined ? deps : { ...deps, events: workerEvents(onEvent, () => Date.now(), 'cli') }
}

async function registry(tools: CommandTools, project: CommandProject) {
  const { WorkerRegistry } = await import('../../../kit/registry/worker-registry.ts')
  return new WorkerRegistry(await settingsOf(tools, project), { log: logOf(tools), engineWorkers: ENGINE_WORKER_TABLE })
}

async function settingsOf({ env }: CommandTools, project: CommandProject) {
  const { registrySettings } = await import('../../../kit/registry/settings.ts')
  return registrySettings(project.block('iii-directory'), { projectRoot: project.root, env })
}

/** What the engine would put into its log. */
function logOf({ note }: CommandTools): PluginLog {
  return {
    trace() {},
    debug() {},
    info() {},
    warn: (message) => note(`Warning: ${message}`),
    error: (message) => note(`Error: ${message}`),
  }
}
