// An engine with durable state that a test kills and starts again in the same folder.
import { onTestFinished } from 'vitest'
import { engineFolder, type EngineFolder, type EngineProcess } from '../../support/engine-process.ts'

export interface StateEngine {
  readonly folder: EngineFolder
  /** The configuration file is not watched. */
  start(): Promise<EngineProcess>
}

/** @param config members of the `config` block of `iii-state`, in YAML flow style */
export async function stateEngine(config = ''): Promise<StateEngine> {
  const folder = await engineFolder(`  - name: iii-state\n    config: { ${config} }\n`)
  onTestFinished(() => folder.remove())
  return { folder, start: () => folder.start({ args: ['--no-watch'] }) }
}
