// A second engine for tests of what connects to another one: in this process, with its plugins in threads, in a folder of its own.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { startEngine, type Engine } from '../../index.ts'
import { createLog } from '../../core/log.ts'
import { tempFolder } from './temp-folder.ts'

/** @param workers further entries of `workers:`, each one line of YAML. The engine is closed when the test is over. */
export async function startRemoteEngine(workers: readonly string[], port = 0): Promise<Engine> {
  const cwd = tempFolder()
  const lines = [
    'workers:',
    `  - { name: iii-worker-manager, config: { port: ${port} } }`,
    ...workers.map((line) => `  - ${line}`),
    '',
  ]
  await writeFile(join(cwd, 'iii-config.yaml'), lines.join('\n'))
  const engine = await startEngine({ cwd, log: createLog({ level: 'error', pretty: false, write: () => {} }) })
  onTestFinished(() => engine.close())
  return engine
}
