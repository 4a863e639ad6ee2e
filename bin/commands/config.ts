// `iii config check | schema | explain`: looks at the configuration file and never writes into it; only `schema --write` writes a file
// beside it. Starts nothing.
// What is wrong is thrown as a ConfigError, which the CLI prints with its remedy (exit code 1).
import path from 'node:path'
import { defineCommand } from 'citty'
import { shownValue } from '../../base/values/shown-value.ts'
import { refuseProblems } from '../../core/config/check-config.ts'
import { refusedEntries, resolveClaimedEntries } from '../../core/config/claimed-entries.ts'
import { ConfigError } from '../../core/config/config-error.ts'
import { explainConfig } from '../../core/config/explain.ts'
import { configFileSchema, type PluginSchemas } from '../../core/config/file-schema.ts'
import { readConfig, type ReadConfig } from '../../core/config/load.ts'
import { CONFIG_FILE_NAMES, locateConfig } from '../../core/config/locate.ts'
import { unreadSettings } from '../../core/config/unread-settings.ts'
import type { WorkerNames } from '../../core/config/worker-names.ts'
import { ENGINE_VERSION } from '../../core/version.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { writeSchema } from '../schema-file.ts'
import { storedSettings } from '../stored-settings.ts'
import type { CataloguedSchemas, PluginCatalogue } from '../plugin-catalogue.ts'

const FILE_ARG = {
  config: { type: 'string', alias: 'c', description: 'Configuration file', valueHint: 'file' },
} as const
const DEFAULT_ARG = {
  'use-default-config': { type: 'boolean', default: false, description: 'Look at the built-in defaults and no file' },
} as const

interface FileArgs {
  readonly _: readonly string[]
  readonly config?: string | undefined
  readonly 'use-default-config'?: boolean | undefined
}

/** `catalogue` says which plugins there are and what their `config` may hold. */
export function configCommand(catalogue: PluginCatalogue) {
  const { names } = catalogue
  const check = defineCommand({
    meta: { name: 'check', description: 'Say what is wrong with the configuration file; exit code 1 if anything is' },
    args: {
      ...FILE_ARG,
      ...DEFAULT_ARG,
      'strict-config': { type: 'boolean', default: false, description: 'Odd things in the configuration are errors' },
    },
    async run({ args }) {
      const strict = args['strict-config']
      const read = readFile(args, names, strict)
      const user = await catalogue.user(read.config)
      const userPlugins = [...user.schemas.keys()]
      const resolved = await resolveClaimedEntries(read.config, { names, userPlugins, strict })
      const { listeners, plugins, warnings } = resolved
      const refused = await refusedEntries(read.config, resolved, { names })
      refuseProblems(read.config, resolved, await catalogue.check(read.config), names, refused)
      const unread = await unreadSettings(read.config, names, new Set(user.schemas.keys()))
      showWarnings([...read.config.warnings, ...warnings, ...user.problems, ...unread])
      const running = plugins.filter(({ entry }) => entry.enabled)
      const open = listeners.filter(({ enabled }) => enabled)
      console.log(`${nameOf(read)}: no errors, ${count(open.length, 'listener')}, ${count(running.length, 'plugin')}`)
      return EXIT.ok
    },
  })

  const schema = defineCommand({
    meta: { name: 'schema', description: 'Print the JSON Schema of the configuration file, for editors' },
    args: {
      ...FILE_ARG,
      write: { type: 'boolean', default: false, description: 'Write it beside the configuration file instead' },
    },
    async run({ args }) {
      const builtIns = await catalogue.builtIns()
      const place = readLeniently(args, names)?.config
      const user: CataloguedSchemas = place === undefined ? new Map() : (await catalogue.user(place)).schemas
      const text = `${JSON.stringify(configFileSchema(schemasIn(builtIns, user), names), null, 2)}\n`
      if (args.write) console.log((await writeSchema(fileOf(args), text)).join('\n'))
      else console.log(text.trimEnd())
      return EXIT.ok
    },
  })

  const explain = defineCommand({
    meta: { name: 'explain', description: 'Show each value that counts and where it comes from' },
    args: {
      ...FILE_ARG,
      ...DEFAULT_ARG,
      json: { type: 'boolean', default: false, description: 'Print JSON' },
    },
    async run({ args }) {
      const builtIns = await catalogue.builtIns()
      const read = readFile(args, names)
      const user = await catalogue.user(read.config)
      const userPlugins = [...user.schemas.keys()]
      const { warnings } = await resolveClaimedEntries(read.config, { names, userPlugins })
      showWarnings([...read.config.warnings, ...warnings, ...user.problems])
      const schemas = schemasIn(builtIns, user.schemas)
      const stored = (await storedSettings(read.config, names, schemas)).map((each) => ({
        ...each,
        place: shown(each.file),
      }))
      const inForce = new Map(stored.flatMap((each) => (each.counts ? [[each.name, each]] : [])))
      const values = explainConfig(read, schemas, process.env, inForce)
      if (args.json) {
        const told = stored.map(({ name, file, counts }) => ({ name, file, counts }))
        console.log(JSON.stringify({ file: read.config.file, values, stored: told }, null, 2))
        return EXIT.ok
      }
      const rows = values.map(
        (row) => [`${row.path} = ${row.value === undefined ? '' : shownValue(row.value)}`, row.origin] as const,
      )
      const width = Math.min(60, Math.max(...rows.map(([text]) => text.length)))
      console.log(`# ${nameOf(read)}`)
      for (const [text, origin] of rows) console.log(`${text.padEnd(width)}  # ${origin}`)
      for (const each of stored) {
        const outcome = each.counts
          ? 'counts, and not the block in the configuration file, until that is edited'
          : `does not count: ${each.why}`
        console.log(`# ${each.name}: what was set at run time, in ${each.place}, ${outcome}`)
      }
      return EXIT.ok
    },
  })

  return defineCommand({
    meta: { name: 'config', description: 'Check, explain and describe the configuration file' },
    subCommands: { check, explain, schema },
  })
}

/** Absolute path of the configuration file, whether or not it is there. */
function fileOf({ config: configPath }: FileArgs): string {
  const location = locateConfig({ configPath, cwd: process.cwd(), env: process.env })
  return location.kind === 'embedded' ? path.resolve(CONFIG_FILE_NAMES[0]) : location.path
}

/** @throws ConfigError; a missing file is one too: nothing is created here. */
function readFile(args: FileArgs, names: WorkerNames, strict = false): ReadConfig {
  refuseArguments(args)
  return readConfig({
    configPath: args.config,
    useDefaultConfig: args['use-default-config'],
    cwd: process.cwd(),
    env: process.env,
    strict,
    engineVersion: ENGINE_VERSION,
    names,
  })
}

/** The schema helps to mend a file, so a broken one is no obstacle; a file that was named and is not there is. */
function readLeniently(args: FileArgs, names: WorkerNames): ReadConfig | undefined {
  refuseArguments(args)
  const location = locateConfig({ configPath: args.config, cwd: process.cwd(), env: process.env })
  if (location.kind === 'missing' && !location.named) return undefined
  try {
    return readFile(args, names)
  } catch (error) {
    if (error instanceof ConfigError && location.kind === 'file') return undefined
    throw error
  }
}

function refuseArguments(args: FileArgs): void {
  if (args['use-default-config'] === true && args.config !== undefined) {
    throw new UsageError('--config and --use-default-config exclude each other')
  }
}

/** A user plugin of a built-in's name replaces it, so the built-in's schema does not count even if the plugin's is unknown. */
function schemasIn(builtIns: CataloguedSchemas, user: CataloguedSchemas): PluginSchemas {
  const schemas: [string, PluginSchemas[string]][] = []
  for (const [name, schema] of new Map([...builtIns, ...user])) if (schema !== undefined) schemas.push([name, schema])
  return Object.fromEntries(schemas)
}

function showWarnings(warnings: readonly string[]): void {
  for (const warning of warnings) console.error(`Warning: ${warning}`)
}

function nameOf({ config: { file } }: ReadConfig): string {
  return file === null ? 'default configuration' : shown(file)
}

function shown(file: string): string {
  return path.relative(process.cwd(), file) || file
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`
}
