// Runs the file-system side of the directory alone on the real router, in a project of the test; the registry is the test's.
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type DirectoryPlace, registerSkills } from '../../../../plugins/directory/skills/register-skills.ts'
import type { PublishedSkills } from '../../../../plugins/directory/skills/place.ts'
import type { ErrorBody } from '../../../../protocol/errors.ts'
import { definePlugin } from '../../../../sdk/plugin.ts'
import { startTestEngine, type TestEngine, type TestPlugin } from '../../../../testing/index.ts'
import { Collector } from '../../../support/deadline.ts'
import { tempFolder } from '../../../support/temp-folder.ts'

export interface SkillsRunOptions extends Partial<Omit<DirectoryPlace, 'registry'>> {
  /** Default: a new temporary folder. */
  readonly projectRoot?: string
  /** What the registry has. Default: nothing. */
  readonly published?: (query: { name: string; version?: string; tag?: string }) => Promise<PublishedSkills>
}

export class SkillsRun {
  readonly folder: string
  readonly engine: TestEngine
  readonly host: TestPlugin

  private constructor(folder: string, engine: TestEngine, host: TestPlugin) {
    this.folder = folder
    this.engine = engine
    this.host = host
  }

  static async start({ projectRoot = tempFolder(), published, ...place }: SkillsRunOptions = {}): Promise<SkillsRun> {
    const engine = await startTestEngine({ projectRoot })
    onTestFinished(() => engine.close())
    const definition = definePlugin({
      name: 'iii-directory',
      start: (context) =>
        registerSkills(context, {
          skillsFolder: './skills',
          agentsSkillsFolder: '.agents/skills',
          agentsFolder: './agents',
          filterUnregistered: () => true,
          installedNames: async () => undefined,
          ...place,
          registry: async () => ({
            skills: async (query) => {
              if (published === undefined) throw new Error(`nobody was to ask for ${query.name}`)
              return published(query)
            },
          }),
        }),
    })
    return new SkillsRun(projectRoot, engine, await engine.run(definition, { builtIn: true }))
  }

  call<Output = any>(functionId: string, input: unknown = {}): Promise<Output> {
    return this.engine.call(`directory::${functionId}`, input)
  }

  /** The error of a call, without the code that the handle puts in front. */
  async failure(functionId: string, input: unknown = {}): Promise<ErrorBody> {
    const answer = await this.call(functionId, input).then(
      (result) => ({ result }),
      (error: ErrorBody) => ({ error }),
    )
    if (!('error' in answer)) throw new Error(`${functionId} has succeeded: ${JSON.stringify(answer.result)}`)
    const { code, message } = answer.error
    return { code, message: message.replace(`${code}: `, '') }
  }

  async ids(query: object = {}): Promise<string[]> {
    const { skills } = await this.call<{ skills: { id: string }[] }>('skills::list', query)
    return skills.map(({ id }) => id)
  }

  /** Events of this kind from now on. */
  async events(kind: string): Promise<Collector<any>> {
    const events = new Collector<any>()
    const id = `test::${randomUUID()}`
    const worker = this.engine.connect()
    worker.registerFunction(id, (event: unknown) => void events.add(event))
    await this.engine.bind({ type: `directory::${kind}::on-change`, function_id: id })
    return events
  }

  path(relative: string): string {
    return join(this.folder, relative)
  }

  has(relative: string): boolean {
    return existsSync(this.path(relative))
  }

  read(relative: string): string {
    return readFileSync(this.path(relative), 'utf8')
  }

  write(relative: string, text: string): void {
    mkdirSync(dirname(this.path(relative)), { recursive: true })
    writeFileSync(this.path(relative), text)
  }

  remove(relative: string): void {
    rmSync(this.path(relative), { recursive: true })
  }

  logged(text: string): boolean {
    return this.host.log.lines.some(({ message }) => message.includes(text))
  }
}

/** A file with frontmatter. */
export function markdown(front: Readonly<Record<string, unknown>>, body = 'Text.\n'): string {
  const lines = Object.entries(front).map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
  return ['---', ...lines, '---', '', body].join('\n')
}
