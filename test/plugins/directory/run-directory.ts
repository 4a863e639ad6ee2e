// Runs `iii-directory` alone on the real router, in a folder and an environment of the test.
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { DirectoryConfig } from '../../../plugins/directory/config.ts'
import directory from '../../../plugins/directory/index.ts'
import { startDirectory, type DirectoryDeps } from '../../../plugins/directory/start.ts'
import type { ErrorBody } from '../../../protocol/errors.ts'
import { startTestEngine, type TestEngine, type TestPlugin, type TestWorker } from '../../../testing/index.ts'
import { tempFolder } from '../../support/temp-folder.ts'

export interface DirectoryRun {
  readonly engine: TestEngine
  readonly host: TestPlugin
  readonly worker: TestWorker
  readonly projectRoot: string
  /** `.iii/registry` of the project. */
  readonly registry: string
  call<Output = any>(functionId: string, payload?: unknown): Promise<Output>
  /** Of a call that fails: without the code that the handle puts in front. */
  failure(functionId: string, payload?: unknown): Promise<ErrorBody>
}

export async function runDirectory(
  config: DirectoryConfig = {},
  { env = {}, ...deps }: Partial<DirectoryDeps> = {},
): Promise<DirectoryRun> {
  const projectRoot = tempFolder()
  const engine = await startTestEngine({ projectRoot })
  onTestFinished(() => engine.close())
  const definition = {
    ...directory,
    start: (context: Parameters<typeof startDirectory>[0]) => startDirectory(context, { env, ...deps }),
  }
  const host = await engine.run(definition, { config, builtIn: true })
  const worker = engine.connect({ name: 'agent' })
  const call = (functionId: string, payload: unknown = {}): Promise<any> =>
    worker.trigger({ function_id: functionId, payload })
  return {
    engine,
    host,
    worker,
    projectRoot,
    registry: join(projectRoot, '.iii', 'registry'),
    call,
    failure: (functionId, payload) =>
      call(functionId, payload).then(
        (value) => {
          throw new Error(`there is a result: ${JSON.stringify(value)}`)
        },
        ({ code, message }: ErrorBody) => ({ code, message: message.replace(`${code}: `, '') }),
      ),
  }
}
