// The workers that the engine has itself, as entries of a registry (spec 05 A.7.2): of type `engine`, with nothing to be installed.
// Which ones there are it is told: names at once, schemas only for who wants to see them.
import type { LocalSource, LocalVersion, LocalWorker } from './local-source.ts'
import type { PublishedFunction, PublishedTrigger, WorkerRow } from './shapes.ts'

export interface EngineWorker {
  readonly name: string
  readonly aliases: readonly string[]
  readonly description: string
  /** Runs where a configuration does not name it, too. */
  readonly mandatory: boolean
}

export interface EngineWorkerDetails {
  /** Default settings. */
  readonly config: Readonly<Record<string, unknown>>
  readonly functions: readonly PublishedFunction[]
  readonly triggers: readonly PublishedTrigger[]
}

/** The workers that an engine has itself. */
export interface EngineWorkerTable {
  load(): Promise<{ readonly version: string; readonly workers: readonly EngineWorker[] }>
  /** undefined where there is nothing to tell. */
  details(name: string): Promise<EngineWorkerDetails | undefined>
}

const NO_DETAILS: EngineWorkerDetails = { config: {}, functions: [], triggers: [] }

export class EngineRegistry implements LocalSource {
  readonly #table: EngineWorkerTable

  constructor(table: EngineWorkerTable) {
    this.#table = table
  }

  async all(): Promise<readonly LocalWorker[]> {
    const { version, workers } = await this.#table.load()
    return workers.map((worker) => entryOf(worker, version, this.#table))
  }

  /** By its name or another name of it. */
  async find(name: string): Promise<LocalWorker | undefined> {
    return (await this.all()).find((worker) => worker.name === name || worker.aliases.includes(name))
  }
}

function entryOf({ name, aliases, description }: EngineWorker, version: string, table: EngineWorkerTable): LocalWorker {
  return {
    name,
    isEngine: true,
    aliases,
    tags: aliases,
    versions: [version],
    latest: version,
    async read(): Promise<LocalVersion> {
      const { config, functions, triggers } = (await table.details(name)) ?? NO_DETAILS
      const row: WorkerRow = {
        name,
        description,
        type: 'engine',
        version,
        repo: null,
        config,
        supported_targets: [],
        total_downloads: 0,
        dependencies: [],
        author: { name: 'builtin', pfp: null, verified: true },
      }
      return {
        row,
        functions,
        triggers,
        readme: () => Promise.resolve(readmeOf(row, functions, triggers)),
        skills: () => Promise.resolve({ name, version, skills: [], prompts: [] }),
        release: () => ({
          name,
          version,
          type: 'engine',
          dependencies: {},
          config,
          functions: functions.map((each) => each.name),
          artifact: { kind: 'engine' },
        }),
      }
    },
  }
}

function readmeOf(
  { name, description }: WorkerRow,
  functions: readonly PublishedFunction[],
  triggers: readonly PublishedTrigger[],
): string {
  const list = (title: string, parts: readonly { readonly name: string; readonly description: string }[]): string[] =>
    parts.length === 0 ? [] : ['', `## ${title}`, '', ...parts.map((part) => `- \`${part.name}\`: ${part.description}`)]
  return [
    `# ${name}`,
    '',
    `${description ?? ''} Part of the engine: nothing is downloaded.`.trim(),
    ...list('Functions', functions),
    ...list('Trigger types', triggers),
    '',
  ].join('\n')
}
