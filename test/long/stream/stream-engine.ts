// An engine with state and streams on durable files, and a free port for subscribers, that a test kills and starts again.
import { onTestFinished } from 'vitest'
import { engineFolder, type EngineFolder, type EngineProcess } from '../../support/engine-process.ts'
import { unusedPort } from '../../support/unused-port.ts'

export interface StreamEngine {
  readonly folder: EngineFolder
  /** Base of the addresses that subscribers connect to. */
  /** The configuration file is not watched. */
  start(): Promise<EngineProcess>
}

/** @param config further members of the `config` block of `iii-stream`, in YAML flow style */
export async function streamEngine(config = ''): Promise<StreamEngine> {
  // A reload keeps a port that is named, and takes another one for 0.
  const members = [`port: ${await unusedPort()}`, config].filter((part) => part !== '').join(', ')
  // In a thread of its own: what it does when it is used for the first time is tested in test/core/engine/resting.test.ts.
  const stream = `  - name: iii-stream\n    isolation: thread\n    config: { ${members} }\n`
  const folder = await engineFolder(`  - name: iii-state\n${stream}`)
  onTestFinished(() => folder.remove())
  return {
    folder,
    start: () => folder.start({ args: ['--no-watch'] }),
  }
}
