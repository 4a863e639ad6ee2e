// Why an engine does not start whose built-in workers can't. Settings of theirs that do not fit are told as any mistake in the file is.
import { ConfigError } from './config/config-error.ts'
import { problemAt } from './config/entry-problem.ts'
import type { EngineConfig } from './config/types.ts'
import type { BootReport } from './host/generations/boot.ts'
import { StartError } from './start-error.ts'

/** Undefined when all of them run; user plugins that fail keep no engine from starting. */
export function builtInFailure(
  failed: BootReport['failed'],
  config: EngineConfig,
): ConfigError | StartError | undefined {
  const broken = failed.filter(({ builtIn }) => builtIn)
  const written = broken.flatMap(({ name, problems = [] }) => {
    const entry = config.entries.find(({ instanceId }) => instanceId === name)
    return entry === undefined ? [] : problems.map((problem) => problemAt(config, entry, problem))
  })
  if (written.length > 0) return new ConfigError('', written)
  const [first] = broken
  if (first === undefined) return undefined
  const { origin = '' } = config.entries.find(({ instanceId }) => instanceId === first.name) ?? {}
  // One that runs by default stands in no file: its origin is in brackets already.
  const place = origin === '' || origin.startsWith('(') ? origin : `(${origin})`
  return new StartError(`built-in worker '${first.name}'${place && ` ${place}`} can't start: ${first.message}`)
}
