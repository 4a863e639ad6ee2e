// An engine process whose plugins a test writes, saves again and breaks; ended, with all its clients, when the test is over.
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import type { PluginInfo, PluginRow } from '../../../core/host/table/plugin-rows.ts'
import { engineFolder, LISTENER_PORT, type EngineFolder, type EngineProcess } from '../../support/engine-process.ts'
import { LoadClient } from '../../support/load-client.ts'

export interface PluginEngine {
  readonly folder: EngineFolder
  readonly process: EngineProcess
  /** For questions that are no part of the load. */
  readonly observer: LoadClient
  connect(name: string): Promise<LoadClient>
  /** Writes `plugins/NAME.ts` in place, as some editors do. */
  save(name: string, source: string): Promise<void>
  /** Renames another file over `plugins/NAME.ts`, as the other editors do. */
  saveByRename(name: string, source: string): Promise<void>
  /** Replaces the configuration file: entries of `workers:`, each line indented by two spaces. */
  configure(entries: string): Promise<void>
  row(name: string): Promise<PluginRow>
  /** Waits until there is a row of the plugin. */
  rowThatIsThere(name: string): Promise<PluginRow>
  info(name: string): Promise<PluginInfo>
  /** Waits until the row of the plugin passes. */
  rowThat(name: string, what: string, passes: (row: PluginRow) => boolean, ms?: number): Promise<PluginRow>
}

export interface PluginEngineOptions {
  /** Sources by plugin name, there before the engine starts. */
  readonly plugins?: Readonly<Record<string, string>>
  /** Entries of `workers:` besides the listener. Default: one per plugin. */
  readonly entries?: string
  /** Members of the `engine:` block in YAML flow style. */
  readonly engine?: string
  readonly args?: readonly string[]
}

export async function startPluginEngine({
  plugins = {},
  entries,
  engine = '',
  args = [],
}: PluginEngineOptions): Promise<PluginEngine> {
  const folder = await engineFolder('')
  onTestFinished(() => folder.remove())
  const listener = `  - name: iii-worker-manager\n    config: { port: ${LISTENER_PORT} }\n`
  const configuration = (text: string): string => `engine: { ${engine} }\nworkers:\n${listener}${text}`
  const file = (name: string): string => join(folder.dir, 'plugins', `${name}.ts`)
  for (const [name, source] of Object.entries(plugins)) await folder.write(`plugins/${name}.ts`, source)
  await folder.write('iii-config.yaml', configuration(entries ?? Object.keys(plugins).map(entry).join('')))
  const process = await folder.start({ args })
  const clients: LoadClient[] = []
  const connect = async (name: string): Promise<LoadClient> => {
    const client = await LoadClient.connect(folder.url, name)
    clients.push(client)
    return client
  }
  onTestFinished(async () => {
    await Promise.all(clients.map((client) => client.close()))
    expect(await process.stop()).toBe(0)
  })
  const observer = await connect('observer')
  const rows = async (): Promise<PluginRow[]> => (await observer.result('engine::plugins::list')).plugins
  const row = async (name: string): Promise<PluginRow> => {
    const found = (await rows()).find((each) => each.name === name)
    if (found === undefined) throw new Error(`engine::plugins::list has no row of '${name}'`)
    return found
  }
  return {
    folder,
    process,
    observer,
    connect,
    row,
    save: (name, source) => writeFile(file(name), source),
    async saveByRename(name, source) {
      const draft = join(folder.dir, `${name}.draft`)
      await writeFile(draft, source)
      await rename(draft, file(name))
    },
    configure: (text) => writeFile(join(folder.dir, 'iii-config.yaml'), configuration(text)),
    async rowThatIsThere(name) {
      await expect.poll(async () => (await rows()).map((each) => each.name), { timeout: 10_000 }).toContain(name)
      return row(name)
    },
    info: (name) => observer.result('engine::plugins::info', { name }),
    async rowThat(name, what, passes, ms = 15_000) {
      const deadline = performance.now() + ms
      for (;;) {
        const found = await row(name)
        if (passes(found)) return found
        if (performance.now() > deadline)
          throw new Error(
            `'${name}' is not ${what} within ${ms} ms: ${JSON.stringify(found)}\n${process.output().slice(-2_000)}`,
          )
      }
    },
  }
}

/** The lines that enable a plugin. */
export function entry(name: string): string {
  return `  - name: ${name}\n`
}
