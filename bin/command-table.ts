// The commands of the CLI: a sentence for the help, and how to load each. One place, so that help and dispatch agree.
// Built-in workers add their own.
import type { CommandDef } from 'citty'
import type { Examples } from './examples.ts'
import type { BuiltIn, BuiltInCommand, Completions } from '../sdk/built-in.ts'

export interface CommandEntry {
  readonly summary: string
  readonly aliases: readonly string[]
  /** Paths (`iii trigger`) of the commands that take any number of words behind their positional arguments. */
  readonly takesWords?: readonly string[]
  /** Options that may stand without a value, with the one that they have then. */
  readonly bareValues?: Readonly<Record<string, string>>
  /** Of a built-in worker's command. */
  readonly examples?: Examples
  /** What a shell offers for arguments that are no files. */
  readonly completes?: Completions
  /** Sub-commands of iii that this engine does not have, by path, each with what to do instead. */
  readonly notProvided?: Readonly<Record<string, string>>
  load(): Promise<CommandDef<any>>
}

/** @throws when two commands would have one name. */
export function commandTable(builtIns: readonly BuiltIn[]): ReadonlyMap<string, CommandEntry> {
  const added = builtIns.flatMap(({ about }) => Object.entries(about.commands ?? {}))
  const commands = [
    ...Object.entries(ownCommands(builtIns)),
    ...added.map(([name, command]) => [name, entryOf(command)] as const),
  ]
  const words = commands.flatMap(([name, { aliases }]) => [name, ...aliases])
  const twice = words.find((word, index) => words.indexOf(word) !== index)
  if (twice !== undefined) throw new Error(`two commands are named '${twice}'`)
  return new Map(commands)
}

function entryOf({ aliases = [], load, ...command }: BuiltInCommand): CommandEntry {
  return {
    ...command,
    aliases,
    async load() {
      const [{ default: make }, { COMMAND_TOOLS }] = await Promise.all([load(), import('./command-tools.ts')])
      return make(COMMAND_TOOLS)
    },
  }
}

const FUNCTIONS = { functionId: 'engine::functions::list', rows: 'functions', word: 'function_id' }
const WORKERS = { functionId: 'engine::workers::list', rows: 'workers', word: 'name' }
const PLUGINS = { functionId: 'engine::plugins::list', rows: 'plugins', word: 'name' }

function ownCommands(builtIns: readonly BuiltIn[]): Readonly<Record<string, CommandEntry>> {
  return {
    start: {
      summary: 'Start the engine in the foreground; what `iii` alone does',
      aliases: ['serve'],
      bareValues: { inspect: '127.0.0.1:9229' },
      load: async () => (await import('./commands/start.ts')).start,
    },
    trigger: {
      summary: 'Call a function and print its result',
      aliases: ['t'],
      takesWords: ['iii trigger'],
      completes: { 'iii trigger': { function: FUNCTIONS, 'function-id': FUNCTIONS } },
      load: async () => (await import('./commands/trigger.ts')).trigger,
    },
    functions: {
      summary: 'List the functions that can be called',
      aliases: ['function'],
      completes: { 'iii functions list': { worker: WORKERS } },
      load: async () => (await import('./commands/listings.ts')).functions,
    },
    workers: {
      summary: 'List the workers that are connected',
      aliases: [],
      load: async () => (await import('./commands/listings.ts')).workers,
    },
    triggers: {
      summary: 'List triggers and the functions that they run',
      aliases: [],
      completes: { 'iii triggers list': { worker: WORKERS } },
      load: async () => (await import('./commands/listings.ts')).triggers,
    },
    plugins: {
      summary: 'List, create, enable, reload, stop and start plugins',
      aliases: ['plugin'],
      completes: Object.fromEntries(
        ['info', 'reload', 'stop', 'start', 'enable'].map((command) => [`iii plugins ${command}`, { name: PLUGINS }]),
      ),
      load: async () => (await import('./commands/plugins.ts')).pluginsCommand(builtIns),
    },
    logs: {
      summary: 'Show the log of an engine, with what workers log, and follow it',
      aliases: ['log'],
      completes: { 'iii logs': { worker: WORKERS } },
      load: async () => (await import('./commands/logs.ts')).logs,
    },
    watch: {
      summary: 'Show live what connects, registers and fails',
      aliases: [],
      load: async () => (await import('./commands/watch.ts')).watch,
    },
    health: {
      summary: 'Say whether an engine is healthy, by the exit code too',
      aliases: ['status'],
      load: async () => (await import('./commands/health.ts')).health,
    },
    config: {
      summary: 'Check, explain and describe the configuration file',
      aliases: [],
      async load() {
        const [{ configCommand }, { installedPlugins }] = await Promise.all([
          import('./commands/config.ts'),
          import('./plugin-catalogue.ts'),
        ])
        return configCommand(installedPlugins(builtIns))
      },
    },
    project: {
      summary: 'Write the files of a new project, or those of a container for it',
      aliases: [],
      load: async () => (await import('./commands/project.ts')).project,
    },
    completion: {
      summary: 'Let a shell complete commands, options and names',
      aliases: [],
      takesWords: ['iii completion'],
      load: async () => (await import('./commands/completion.ts')).completionCommand(builtIns),
    },
    bench: {
      summary: 'Measure the engine against reference variants',
      aliases: [],
      load: async () => (await import('./commands/bench.ts')).bench,
    },
  }
}

/** Commands of iii that this engine does not have, with what to do instead (spec 05 C.1). */
export const NOT_PROVIDED: Readonly<Record<string, string>> = {
  'iii console': 'use `iii functions list`, `iii workers list` and `iii plugins list`.',
  'iii cloud': 'it runs on your own machines only.',
  'iii compose':
    'put the workers of a project into its configuration with `iii worker add`; the engine starts and watches them.',
  'iii update': 'update the package with npm: npm install iii-host@latest.',
  'iii create':
    'write a project with `iii project init`, a worker with `iii worker init NAME`, or a plugin with `iii plugin new NAME`.',
  'iii sdk': 'install the SDK of your language from its registry, for example: npm install iii-sdk.',
}
