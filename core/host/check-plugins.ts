// What a start of plugins would refuse, found out without starting anything: they are built, imported and checked, nothing more.
import { systemClock } from '../../base/time/clock.ts'
import type { EngineConfig } from '../config/types.ts'
import { WorkerNames } from '../config/worker-names.ts'
import { Gate } from '../model/gate.ts'
import type { LinkEvents } from '../model/link-events.ts'
import { PluginSlot } from '../model/plugin-slot.ts'
import type { Log } from '../log.ts'
import { defaultCacheDir } from './builds/cache-dir.ts'
import type { EnginePlace } from './builds/build.ts'
import { problemOf, type PluginProblem } from './generations/prepared-configuration.ts'
import { NO_SETTINGS_SEAT } from './generations/plugin-settings.ts'
import type { RouterPort } from './generations/router-port.ts'
import { TurnQueue } from './generations/turn-queue.ts'
import { wishFor } from './generations/wish.ts'
import { assembleParts } from './host-parts.ts'
import { discoverPlugins } from './table/discover.ts'

export interface CheckOptions {
  readonly log: Log
  readonly engine: EnginePlace & { readonly version: string }
  /** From the table of built-in workers. Default: there are none. */
  readonly names?: WorkerNames
  /** Default: `III_CACHE_DIR`, else the user's cache folder. */
  readonly cacheDir?: string
}

/** Nobody is there to call or to be called. */
const NO_EVENTS: LinkEvents = {
  onCall() {},
  onRefused() {},
  onResult() {},
  onGivenBack() {},
  onControl() {},
  onChannel() {},
}

export interface PluginCheck {
  readonly problems: readonly PluginProblem[]
  /** Seats of plugins that would start. */
  readonly seats: ReadonlySet<string>
}

/** What a start with this configuration would refuse. Starts nothing, watches nothing, makes no data folder. */
export async function checkPlugins(
  config: EngineConfig,
  { log, engine, names = new WorkerNames(), cacheDir = defaultCacheDir() }: CheckOptions,
): Promise<PluginCheck> {
  const { table, reconciler, containers, builds, crashes } = assembleParts(config, {
    router: NO_ROUTER,
    events: NO_EVENTS,
    log,
    clock: systemClock,
    engine: { ...engine, url: () => '' },
    names,
    cacheDir,
    settings: NO_SETTINGS_SEAT,
    queue: new TurnQueue(systemClock),
    closing: () => false,
    onInputs() {},
    // A process would be given its data folder.
    placeOf: (isolation) => (isolation === 'process' ? 'thread' : isolation),
  })
  try {
    const { projectRoot, pluginsDir } = config
    const found = await discoverPlugins({ names, userDir: pluginsDir, projectRoot })
    const instances = table.fill(config, found).filter(({ wanted }) => wanted)
    const { steps, refusals } = await reconciler.prepare(instances.map((instance) => wishFor(instance, 'boot')))
    const seats = new Set(steps.flatMap((step) => (step.kind === 'replace' ? step.to.declaration.seats : [])))
    await reconciler.discard(steps)
    return { problems: refusals.map(problemOf), seats }
  } finally {
    crashes.close()
    await Promise.all([containers.close(), builds.close()])
  }
}

const NO_ROUTER: RouterPort = {
  openSlot: (name, options) =>
    new PluginSlot(name, options, new Gate({ maxCalls: 0, maxBytes: 0, maxMs: 0 }, () => {})),
  removeSlot() {},
  beginHandOver() {
    throw new Error('a check starts nothing')
  },
  addWorker() {},
  endWorker() {},
  failCalls() {},
  refuseCalls() {},
  idle: async () => true,
}
