// `iii plugins …`: the plugins of a running engine, and `new` and `enable` for the files of a project.
import { defineCommand, type CommandDef } from 'citty'
import type { ShownState } from '../../core/host/table/plugin-rows.ts'
import type { BuiltIn } from '../../sdk/built-in.ts'
import { CONNECTION_ARGS, connectionFrom } from '../connection-options.ts'
import { invokeOnce } from '../engine-client.ts'
import { EXIT } from '../exit-codes.ts'
import { terminalOf } from '../terminal.ts'
import { JSON_ARG, printListing, text, type ListedRow } from './listings.ts'

const NAME_ARG = { name: { type: 'positional', required: true, description: 'Name of the plugin' } } as const
const FORCE_ARG = {
  force: {
    type: 'boolean',
    description: 'Do not wait for calls in flight; they fail with invocation_stopped',
    default: false,
  },
} as const

const PLUGIN_STATES = Object.keys({
  running: true,
  stalled: true,
  available: true,
  disabled: true,
  stopped: true,
  starting: true,
  draining: true,
  restarting: true,
  failed: true,
} satisfies Record<ShownState, true>)

const list = defineCommand({
  meta: { name: 'list', description: 'Plugins that run, failed, or could be enabled' },
  args: {
    state: { type: 'enum', options: PLUGIN_STATES, description: 'Only those in this state' },
    ...JSON_ARG,
    ...CONNECTION_ARGS,
  },
  run: ({ args }) =>
    printListing(args, {
      functionId: 'engine::plugins::list',
      input: args.state === undefined ? {} : { state: args.state },
      rows: 'plugins',
      columns: [
        { title: 'PLUGIN', value: text('name') },
        { title: 'STATE', value: stateOf },
        { title: 'ISOLATION', value: text('isolation') },
        { title: 'FUNCTIONS', value: text('functions') },
        { title: 'CALLS', value: text('calls') },
        { title: 'ERRORS', value: text('errors') },
        { title: 'ORIGIN', value: text('origin') },
        // Else somebody looks for them in the file, where others stand.
        { title: 'SETTINGS', value: ({ settings }) => (settings === 'stored' ? 'set at run time' : '') },
      ],
    }),
})

const info = defineCommand({
  meta: { name: 'info', description: 'Everything known about one plugin, as JSON' },
  args: { ...NAME_ARG, ...CONNECTION_ARGS },
  run: async ({ args }) => {
    const { at, timeoutMs } = connectionFrom(args)
    const row = await invokeOnce(at, { functionId: 'engine::plugins::info', data: { name: args.name }, timeoutMs })
    console.log(JSON.stringify(row, null, 2))
    return EXIT.ok
  },
})

const reload = operation(
  'reload',
  'Replace a plugin by a new generation of itself',
  (name, answer) => `${name} reloaded: generation ${text('generation')(answer)}, ${text('ms')(answer)} ms`,
)
const stop = operation(
  'stop',
  'Stop a plugin until it is started again',
  (name, answer) => `${name} is ${text('state')(answer)}`,
)
const start = operation(
  'start',
  'Start a plugin that was stopped or failed',
  (name, answer) => `${name} is ${text('state')(answer)}`,
)

export function pluginsCommand(builtIns: readonly BuiltIn[]): CommandDef {
  const names = async () => (await import('../plugin-catalogue.ts')).installedPlugins(builtIns).names
  return defineCommand({
    meta: { name: 'plugins', description: 'List, create, enable, reload, stop and start plugins' },
    subCommands: {
      list,
      info,
      reload,
      stop,
      start,
      new: async () => (await import('./plugin-new.ts')).pluginNew(await names()),
      enable: async () => (await import('./plugin-enable.ts')).pluginEnable(await names()),
    },
  })
}

function operation(name: string, description: string, sentence: (plugin: string, answer: ListedRow) => string) {
  return defineCommand({
    meta: { name, description },
    args: { ...NAME_ARG, ...FORCE_ARG, ...JSON_ARG, ...CONNECTION_ARGS },
    run: async ({ args }) => {
      const { at, timeoutMs } = connectionFrom(args)
      const data = args.force ? { name: args.name, force: true } : { name: args.name }
      const answer = await invokeOnce(at, { functionId: `engine::plugins::${name}`, data, timeoutMs })
      const { paint } = terminalOf(process.stdout)
      console.log(
        args.json ? JSON.stringify(answer, null, 2) : paint.green(sentence(args.name, (answer ?? {}) as ListedRow)),
      )
      return EXIT.ok
    },
  })
}

/** A stale plugin runs old code, and an abandoned thread still does: that must show where people look first. */
function stateOf(row: ListedRow): string {
  const stale = row['stale'] as { reason?: unknown } | undefined
  const notes = [
    ...(stale === undefined ? [] : [`stale: ${String(stale.reason)}`]),
    ...(row['abandoned'] === undefined ? [] : [`abandoned: ${text('abandoned')(row)}`]),
  ]
  return notes.length === 0 ? text('state')(row) : `${text('state')(row)} (${notes.join(', ')})`
}
