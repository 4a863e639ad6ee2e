// A running engine whose project is deleted and made again, or replaced as a whole, as a deployment does it.
import { cpSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { EngineFolder, LISTENER, pluginFile } from './running-engine.ts'

const hello = (text: string): string => pluginFile('hello', `iii.registerFunction('hello::greet', () => '${text}')`)

test.each([
  [
    'another is moved into the place of its project',
    (project: string, next: string) => {
      renameSync(project, `${project}-old`)
      renameSync(next, project)
    },
  ],
  [
    'its project is deleted and copied back',
    (project: string, next: string) => {
      rmSync(project, { recursive: true })
      cpSync(next, project, { recursive: true })
    },
  ],
])('An engine takes up configuration and plugins when %s, and every edit after it', async (_how, replace) => {
  const folder = new EngineFolder()
  const project = join(folder.dir, 'project')
  mkdirSync(project)
  const config = (name: string, ...entries: string[]): void =>
    folder.write(`${name}/iii-config.yaml`, ['workers:', ...entries.map((entry) => `  - ${entry}`), ''].join('\n'))
  config('project', LISTENER)
  await folder.start({ cwd: project, configPath: join(project, 'iii-config.yaml') })
  const worker = await folder.connect()
  const greets = async (text: string): Promise<void> => {
    await vi.waitFor(async () => expect((await worker.call('hello::greet')).result).toBe(text), 10_000)
  }
  config('next', LISTENER, '{ name: hello }')
  folder.write('next/plugins/hello.ts', hello('new'))
  replace(project, join(folder.dir, 'next'))
  await greets('new')
  folder.write('project/plugins/hello.ts', hello('edited'))
  await greets('edited')
  config('project', LISTENER)
  await vi.waitFor(
    async () => expect((await worker.call('hello::greet')).error?.code).toBe('function_not_found'),
    10_000,
  )
})
