// `engine::config::*`: which file the engine runs with, and taking it up at once, for those who edit it.
import { answerSchema, BOOLEAN, objectSchema, reading, STRING, type EngineFunction } from '../model/engine-function.ts'

export interface ConfigurationFile {
  /** Absolute path; null when there is no file. */
  readonly path: string | null
  /** What relative paths in it refer to. */
  readonly projectRoot: string
  /** Why the file as it is now is not in force; undefined = it is, or there is none. */
  readonly problem: string | undefined
}

export interface ConfigFileFunctionsDeps {
  readonly file: () => ConfigurationFile
  /** Fulfilled when what the file says now is in force, or with the reason why it is not. */
  readonly takeUp: () => Promise<string | undefined>
}

const TEXT_OR_NULL = { type: ['string', 'null'] } as const

export function configFileFunctions({ file, takeUp }: ConfigFileFunctionsDeps): EngineFunction[] {
  return [
    {
      id: 'engine::config::file',
      description: 'Names the configuration file that the engine runs with, and why it is not in force if it is not',
      requestFormat: objectSchema({}),
      responseFormat: answerSchema({ path: TEXT_OR_NULL, project_root: STRING, problem: TEXT_OR_NULL }),
      handler: reading('engine::config::file', () => {
        const { path, projectRoot, problem = null } = file()
        return { path, project_root: projectRoot, problem }
      }),
    },
    {
      id: 'engine::config::reload',
      description:
        'Takes up the configuration file as it is now, without waiting until its change is noticed; answers when it is in force or refused',
      requestFormat: objectSchema({}),
      responseFormat: answerSchema({ applied: BOOLEAN, problem: TEXT_OR_NULL }),
      handler: reading('engine::config::reload', async () => {
        const problem = await takeUp()
        return { applied: problem === undefined, problem: problem ?? null }
      }),
    },
  ]
}
