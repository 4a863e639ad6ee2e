// A running `iii-worker-ops`: the supervisor behind the seat `entries`, the functions, the trigger type. Time is handed in.
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { TriggerBindings } from '../../kit/triggers/trigger-bindings.ts'
import { PacedCaller } from '../../kit/triggers/paced-caller.ts'
import type { Clock } from '../../base/time/clock.ts'
import { settlesWithin } from '../../base/time/deadline.ts'
import { SEATS, type EntriesQuestion } from '../../protocol/seats.ts'
import type { PluginContext, RunningPlugin } from '../../sdk/plugin.ts'
import { READY_MS, type WorkerOpsConfig } from './config.ts'
import type { WorkerEvent } from './events.ts'
import { registerWorkerFunctions } from './functions/declarations.ts'
import { EventTail } from './follow/event-tail.ts'
import { registerFollowFunctions } from './follow/functions.ts'
import type { WorkerInstaller } from './installing.ts'
import type { EngineSide, OperationDeps } from './operations/deps.ts'
import { projectAt } from './project.ts'
import { ProjectLock } from './project-lock.ts'
import type { RESTART_LIMITS } from './running/restarts.ts'
import { engineRun, StoppedWorkers } from './running/stopped-workers.ts'
import { Supervisor } from './running/supervisor.ts'
import { matchesEvent, readWorkerFilter, WORKER_TRIGGER_TYPE, workerEvents, type WorkerFilter } from './trigger.ts'

export interface WorkerOpsDeps {
  readonly clock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
  readonly restartLimits?: typeof RESTART_LIMITS
}

/** Events that wait to be handed out at the end of a generation. */
const SETTLE_MS = 2_000
/** So long operations wait to hear what is in force; that takes milliseconds. */
const TOLD_MS = 5_000

export function startWorkerOps(
  context: PluginContext<WorkerOpsConfig>,
  { clock, env, restartLimits }: WorkerOpsDeps,
): RunningPlugin<WorkerOpsConfig> {
  const { iii, log, engine } = context
  let readyMs = context.config.ready_timeout_ms ?? READY_MS
  let url = ''
  const lockFile = join(engine.projectRoot, 'iii.lock')
  // The folder is made when it is asked for: an engine without workers has none.
  const stopped = new StoppedWorkers(() => join(context.dataDir, 'stopped.json'), engineRun())
  const files = new ConfigurationFile(context)
  let installer: Promise<WorkerInstaller> | undefined
  const loadInstaller = async (): Promise<WorkerInstaller> => {
    installer ??= openInstaller(context, await files.project())
    return installer
  }
  void tidyWorkers(join(engine.projectRoot, '.iii', 'workers'), loadInstaller).catch((error: Error) => {
    log.warn(`what an installation has left behind could not be removed: ${error.message}`)
  })
  const supervisor = new Supervisor({
    context,
    clock,
    installer: loadInstaller,
    hasInstalled: () =>
      access(lockFile).then(
        () => true,
        () => false,
      ),
    stopped,
    ...(restartLimits !== undefined && { restartLimits }),
  })
  const bindings = new TriggerBindings<WorkerFilter, WorkerEvent>({
    iii: new PacedCaller(iii),
    log,
    readConfig: readWorkerFilter,
    matches: matchesEvent,
    payload: (event) => event,
    orderKey: () => '',
  })
  const side: EngineSide = {
    workers: supervisor,
    connected: () => supervisor.connected(),
    reload: () => files.reload(),
    problem: async () => (await files.state()).problem,
    plugins: () => files.plugins(),
    get readyMs() {
      return readyMs
    },
    get port() {
      const port = Number(/:(\d+)(?:\/|$)/.exec(url)?.[1])
      return Number.isNaN(port) ? undefined : port
    },
  }
  const lock = new ProjectLock(engine.projectRoot)
  const tail = new EventTail()
  const events = workerEvents(
    (event) => {
      tail.add(event)
      bindings.fire(event)
    },
    () => clock.now(),
    'trigger',
  )
  registerWorkerFunctions(iii, async (): Promise<OperationDeps> => {
    // Else a worker of an entry that it has not heard of yet would not be there.
    await settlesWithin(supervisor.told, TOLD_MS, clock)
    return { project: await files.project(), lock, log, events, installer: loadInstaller, engine: side, env }
  })
  registerFollowFunctions(iii, { tail, project: () => files.project(), env })
  iii.registerFunction(SEATS.entries, (question: EntriesQuestion) => supervisor.answer(question), {
    description: 'Runs entries of the configuration that are workers. Only the engine calls it.',
  })
  iii.registerTriggerType(WORKER_TRIGGER_TYPE, bindings)

  return {
    reconfigure(changed) {
      readyMs = changed.ready_timeout_ms ?? READY_MS
      return true
    },
    listening(at) {
      url = at
      supervisor.listening(at)
    },
    async stop({ reason }) {
      // Conditions that ask for something here are answered until then, and what comes after goes to the next generation.
      await bindings.settle(SETTLE_MS)
      iii.passCallsOn()
      tail.close()
      await supervisor.close()
      await installer?.then((opened) => opened.close()).catch(() => {})
      await bindings.settle(SETTLE_MS)
      // A restart of the engine brings back what was stopped by hand.
      if (reason === 'shutdown') stopped.forgetAll()
    },
  }
}

/** After an end in the middle of an installation. Where nothing was ever installed, nothing is loaded. */
async function tidyWorkers(workersDir: string, installer: () => Promise<WorkerInstaller>): Promise<void> {
  const isThere = await access(workersDir).then(
    () => true,
    () => false,
  )
  if (isThere) await (await installer()).tidy()
}

/** What the engine tells of its configuration file. */
class ConfigurationFile {
  readonly #context: Pick<PluginContext, 'iii' | 'engine'>

  constructor(context: Pick<PluginContext, 'iii' | 'engine'>) {
    this.#context = context
  }

  async project(): Promise<ReturnType<typeof projectAt>> {
    return projectAt(this.#context.engine.projectRoot, (await this.state()).path)
  }

  async state(): Promise<{ readonly path: string | undefined; readonly problem: string | undefined }> {
    const { path, problem } = (await this.#call('engine::config::file')) as {
      path: string | null
      problem: string | null
    }
    return { path: path ?? undefined, problem: problem ?? undefined }
  }

  async reload(): Promise<string | undefined> {
    const { applied, problem } = (await this.#call('engine::config::reload')) as {
      applied: boolean
      problem: string | null
    }
    return applied ? undefined : (problem ?? 'it is not said why')
  }

  async plugins(): Promise<ReadonlyMap<string, string>> {
    const { plugins } = (await this.#call('engine::plugins::list')) as {
      plugins: readonly { readonly name: string; readonly plugin?: string; readonly state: string }[]
    }
    return new Map(plugins.map(({ name, plugin, state }) => [plugin ?? name, state]))
  }

  #call(functionId: string): Promise<unknown> {
    return this.#context.iii.trigger({ function_id: functionId, payload: {} })
  }
}

async function openInstaller(
  { log, iii }: PluginContext<WorkerOpsConfig>,
  project: ReturnType<typeof projectAt>,
): Promise<WorkerInstaller> {
  const { Installer } = await import('./install/installer.ts')
  return new Installer({
    project,
    log,
    registrySettings: () => iii.trigger({ function_id: 'directory::registry::settings', payload: {} }),
  })
}
