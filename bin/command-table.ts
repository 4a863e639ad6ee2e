// The commands of the CLI: a sentence for the help, and how to load each. One place, so that help and dispatch agree.
// Built-in workers add their own.
import type { CommandDef } from 'citty'
import type { Examples } from './examples.ts'
import type { BuiltIn, BuiltInCommand } from '../sdk/built-in.ts'

export interface CommandEntry {
  readonly summary: string
  readonly aliases: readonly string[]
  /** Any number of words behind its positional arguments. Default false. */
  readonly takesWords?: boolean
  /** Options that may stand without a value, with the one that they have then. */
  readonly bareValues?: Readonly<Record<string, string>>
  /** Of a built-in worker's command. */
  readonly examples?: Examples
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

function entryOf({ summary, aliases = [], examples = {}, load }: BuiltInCommand): CommandEntry {
  return {
    summary,
    aliases,
    examples,
    async load() {
      const [{ default: make }, { COMMAND_TOOLS }] = await Promise.all([load(), import('./command-tools.ts')])
      return make(COMMAND_TOOLS)
    },
  }
}

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
      takesWords: true,
      load: async () => (await import('./commands/trigger.ts')).trigger,
    },
    functions: {
      summary: 'List the functions that can be called',
      aliases: ['function'],
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
      load: async () => (await import('./commands/listings.ts')).triggers,
    },
    plugins: {
      summary: 'List, create, enable, reload, stop and start plugins',
      aliases: ['plugin'],
      load: async () => (await import('./commands/plugins.ts')).pluginsCommand(builtIns),
    },
    logs: {
      summary: 'Show the log of an engine, with what workers log, and follow it',
      aliases: ['log'],
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
    bench: {
      summary: 'Measure the engine against reference variants',
      aliases: [],
      load: async () => (await import('./commands/bench.ts')).bench,
    },
  }
}

/** Commands of iii that this engine does not have, with what to do instead (spec 05 C.1). */
export const NOT_PROVIDED: Readonly<Record<string, string>> = {
  console: 'use `iii functions list`, `iii workers list` and `iii plugins list`.',
  cloud: 'it runs on your own machines only.',
  compose: 'start each part by itself; a worker needs nothing but the address of the engine.',
  update: 'update the package with npm: npm install iii-host@latest.',
  create: 'write a worker with `iii-sdk`, or a plugin with `iii plugin new NAME`.',
  sdk: 'install the SDK of your language from its registry, for example: npm install iii-sdk.',
  worker: 'start external workers as processes of their own, or write a plugin with `iii plugin new NAME`.',
  project: '`iii start` in an empty folder writes a configuration file that works as it stands.',
}
