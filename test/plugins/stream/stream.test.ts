// The cases of streams over the plugin alone.
import { onTestFinished } from 'vitest'
import { tempFolder } from '../../support/temp-folder.ts'
import { customCases } from './custom-cases.ts'
import { functionCases } from './function-cases.ts'
import { runStreamPlugin } from './run-plugin.ts'
import type { StreamRun } from './stream-run.ts'

async function open(): Promise<StreamRun> {
  const run = await runStreamPlugin(tempFolder())
  onTestFinished(() => run.stop())
  return run
}

functionCases('stream plugin', open)
customCases('stream plugin', open)
