// An example as its reader has it: a copy of its folder, so that its data is its own, with the packages of this checkout.
import { cpSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { createLog } from '../../core/log.ts'
import { startEngine, type Engine } from '../../index.ts'
import { tempFolder } from '../support/temp-folder.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Removed when the test is over. */
export function copyOfExample(name: string): string {
  const folder = tempFolder()
  cpSync(join(ROOT, 'examples', name), folder, {
    recursive: true,
    filter: (file) => !/\/(data|config|node_modules)$/.test(file),
  })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** The engine of an example, with its configuration, in this process and on a free port; it ends with the test. */
export async function startExampleEngine(cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Engine> {
  const log = createLog({ level: 'silent', write: () => {} })
  const engine = await startEngine({ cwd, env: { ...process.env, III_PORT: '0', ...env }, watch: false, log })
  onTestFinished(() => engine.close())
  return engine
}
