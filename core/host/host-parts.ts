// Puts the rooms of the plugin host together: table, builds, containers, generations. Decides nothing.
import { join } from 'node:path'
import type { EngineConfig } from '../config/types.ts'
import type { WorkerNames } from '../config/worker-names.ts'
import type { LinkEvents } from '../model/link-events.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../../base/time/clock.ts'
import type { Isolation } from '../../sdk/plugin.ts'
import type { EnginePlace } from './builds/build.ts'
import { PluginBuilds } from './builds/plugin-builds.ts'
import { BusyThread } from './containers/busy-thread.ts'
import { Containers } from './containers/containers.ts'
import { CrashWatch } from './containers/crash-watch.ts'
import { canDenyNetwork } from './containers/process-permissions.ts'
import type { StallWatchOptions } from './containers/stall-watch.ts'
import type { ChangeSurroundings } from './generations/change-of-generation.ts'
import { CrashRestarts } from './generations/crash-restarts.ts'
import { FirstUse } from './generations/first-use.ts'
import { Planner } from './generations/planner.ts'
import { settleSettings, type SettingsSeat } from './generations/plugin-settings.ts'
import { PluginTurns } from './generations/plugin-turns.ts'
import { Reconciler } from './generations/reconciler.ts'
import type { RouterPort } from './generations/router-port.ts'
import type { TurnQueue } from './generations/turn-queue.ts'
import type { PluginSource } from './table/plugin-source.ts'
import { PluginTable } from './table/plugin-table.ts'

export interface HostPartsOptions {
  readonly router: RouterPort
  readonly events: LinkEvents
  readonly log: Log
  readonly clock: Clock
  readonly engine: EnginePlace & { readonly version: string; url(): string }
  readonly names: WorkerNames
  /** Undefined: there is no place for one. */
  readonly cacheDir: string | undefined
  readonly settings: SettingsSeat
  readonly stalls?: Omit<StallWatchOptions, 'clock'>
  readonly endMs?: number
  readonly queue: TurnQueue
  readonly closing: () => boolean
  /** New inputs of a plugin are known. */
  onInputs(source: PluginSource, builds: PluginBuilds): void
  /** Where a plugin with this preference runs. Default: where it prefers. */
  placeOf?(isolation: Isolation): Isolation
}

export interface HostParts {
  readonly table: PluginTable
  readonly builds: PluginBuilds
  readonly containers: Containers
  readonly around: ChangeSurroundings
  readonly crashes: CrashWatch
  readonly reconciler: Reconciler
  readonly turns: PluginTurns
  readonly busyThread: BusyThread
  readonly firstUse: FirstUse
  /** Keeps a warm thread ready for the next generation, where one is to be expected. Cheap when there is one. */
  refillStandby(): void
}

export function assembleParts(config: EngineConfig, options: HostPartsOptions): HostParts {
  const { router, events, log, clock, engine, names, cacheDir, settings, stalls, endMs, queue, closing } = options
  const { projectRoot, engine: limits } = config
  const dataDirOf = (instance: string): string => join(projectRoot, 'data', 'plugins', instance)
  const table = new PluginTable(clock, log, limits.crash_budget, ({ slot }, why) => {
    if (slot !== undefined) router.refuseCalls(slot, why)
  })
  const warn = (problem: string): void => log.warn(problem)
  const builds = new PluginBuilds({ engine, engineVersion: engine.version, projectRoot, cacheDir, warn })
  const containers = new Containers({
    events,
    clock,
    log,
    cacheDir,
    engineRoot: engine.root,
    projectRoot,
    startMs: limits.start_ms,
    stopMs: limits.stop_ms,
    ...(endMs !== undefined && { endMs }),
    dataDirOf,
  })
  const settle = settleSettings(settings, log)
  const firstUse = new FirstUse({
    router,
    log,
    dataDirOf,
    isHeld: (instance) => queue.holds(instance),
    leave: (instance) => turns.move(instance),
  })
  const around: ChangeSurroundings = {
    router,
    clock,
    options: limits,
    log,
    engine: { version: engine.version, url: () => engine.url(), projectRoot },
    canDenyNetwork: canDenyNetwork(),
    dataDirOf,
    container: (isolation, plan) => containers.acquire(options.placeOf?.(isolation) ?? isolation, plan),
    settle,
    remember: ({ source, bundle }, declaration) => builds.remember(source, bundle, declaration),
    retain: (bundle) => builds.cache.retain(bundle),
    onUsed: (name, how) => {
      const instance = table.find(name)
      if (instance !== undefined) void firstUse.used(instance, how)
    },
  }
  const restarts: CrashRestarts = new CrashRestarts({
    clock,
    log,
    table,
    router,
    crashes: () => crashes,
    closing,
    restart: (instance, crashed) => turns.restart(instance, crashed),
  })
  const crashes = new CrashWatch(
    clock,
    log,
    (generation, replica, exit) => restarts.crashed(generation, replica, exit),
    stalls,
  )
  const onInputs = (source: PluginSource): void => options.onInputs(source, builds)
  const reconciler = new Reconciler({
    table,
    planner: new Planner({
      clock,
      builds,
      router,
      settle,
      needsOwnThread: ({ name, builtIn }, { config: own }) => builtIn && names.leavesWhenBusy(name, own) === false,
      restsUntilUsed: ({ name, builtIn }, { isolation, memoryMb, replicas, config: own }) =>
        builtIn &&
        isolation === undefined &&
        memoryMb === undefined &&
        replicas === 1 &&
        names.restsUntilUsed(name, own),
      wasUsed: (instance) => firstUse.wasUsed(instance),
      onInputs,
    }),
    around,
    crashes,
    settings,
    drainMs: limits.drain_ms,
    isRepeatable: ({ name, builtIn }) => builtIn && names.isRepeatable(name),
    onBroken: (instance, generation) => restarts.broken(instance, generation),
    onStillDown: (instance, ended) => restarts.again(instance, ended),
  })
  // Built-ins are replaced rarely; where nobody writes plugins a thread in reserve would cost memory for nothing.
  const refillStandby = (): void => {
    if (table.all.some(({ source }) => source?.builtIn === false)) containers.refillStandby()
  }
  const turns = new PluginTurns({ queue, clock, reconciler, restarts, closing, onTurnOver: refillStandby })
  const busyThread = new BusyThread({
    clock,
    log,
    members: () => table.all,
    mayLeave: ({ plugin, generation }) => names.leavesWhenBusy(plugin, generation?.config ?? {}) === true,
    leave: (instance) => turns.move(instance),
  })
  return { table, builds, containers, around, crashes, reconciler, turns, busyThread, firstUse, refillStandby }
}
