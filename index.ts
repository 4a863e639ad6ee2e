// The package's entry: an engine with its built-in workers, for programs that run one themselves. Published as `iii-host`.
import { startEngine as startBareEngine, type Engine, type StartOptions as BareStartOptions } from './core/engine.ts'
import { ABSENT_WORKERS } from './plugins/absent-workers.ts'
import { BUILT_INS } from './plugins/built-ins.ts'

export type {
  CallOptions,
  Engine,
  EngineConfig,
  EngineState,
  EngineStatus,
  GivenConfig,
  ListenerStatus,
  PluginStatus,
} from './core/engine.ts'

/** Settings of an engine that a program runs; all of them have defaults. */
export type StartOptions = Omit<BareStartOptions, 'builtIns' | 'absentWorkers'>

/**
 * Starts an engine. Asks nobody and writes no configuration file.
 * @throws ConfigError for a bad configuration, StartError when a built-in plugin or a listener can't start; both say what to do.
 */
export function startEngine(options: StartOptions = {}): Promise<Engine> {
  return startBareEngine({ ...options, builtIns: BUILT_INS, absentWorkers: ABSENT_WORKERS })
}
