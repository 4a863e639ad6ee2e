// `iii functions|workers|triggers list`: what the registry of a running engine holds.
import { defineCommand, type ArgsDef } from 'citty'
import { CONNECTION_ARGS, connectionFrom, type ConnectionArgs } from '../connection-options.ts'
import type { WorkerStatus } from '../../core/engine-functions/worker-rows.ts'
import { invokeOnce } from '../engine-client.ts'
import { CommandFailure, EXIT, UsageError } from '../exit-codes.ts'
import { tableLines, type Column } from '../table.ts'
import { terminalOf } from '../terminal.ts'

export type ListedRow = Readonly<Record<string, unknown>>

export const JSON_ARG = {
  json: { type: 'boolean', description: 'Print the answer of the engine as JSON', default: false },
} as const
const SEARCH_ARG = {
  text: { type: 'positional', required: false, description: 'The same as --search' },
  search: { type: 'string', description: 'Only rows that contain this text', valueHint: 'text' },
} as const
/** Those of `engine::workers::list`. */
const WORKER_STATUSES = Object.keys({
  connected: true,
  available: true,
} satisfies Record<WorkerStatus, true>)
const PREFIX_ARG = { prefix: { type: 'string', description: 'Only ids that begin so', valueHint: 'text' } } as const
const WORKER_ARG = { worker: { type: 'string', description: 'Only those of this worker', valueHint: 'name' } } as const
const INTERNAL_ARG = {
  'include-internal': { type: 'boolean', description: "Also the engine's own", default: false },
} as const

export const functions = group('functions', 'Functions that can be called', {
  args: { ...SEARCH_ARG, ...PREFIX_ARG, ...WORKER_ARG, ...INTERNAL_ARG },
  run: (args) =>
    printListing(args, {
      functionId: 'engine::functions::list',
      input: pick(withSearch(args), ['search', 'prefix', 'worker', 'include-internal']),
      rows: 'functions',
      columns: [
        { title: 'FUNCTION', value: text('function_id') },
        { title: 'WORKER', value: text('worker_name') },
        { title: 'DESCRIPTION', value: text('description') },
      ],
    }),
})

export const workers = group('workers', 'Workers that are connected', {
  args: {
    ...SEARCH_ARG,
    runtime: { type: 'string', description: 'Only workers of this runtime: node, python, …', valueHint: 'name' },
    status: {
      type: 'enum',
      options: WORKER_STATUSES,
      description: 'Only workers in this status',
    },
  },
  run: (args) =>
    printListing(args, {
      functionId: 'engine::workers::list',
      input: pick(withSearch(args), ['search', 'runtime', 'status']),
      rows: 'workers',
      columns: [
        { title: 'WORKER', value: (row) => text('name')(row) || text('id')(row) },
        { title: 'RUNTIME', value: text('runtime') },
        { title: 'VERSION', value: text('version') },
        { title: 'STATUS', value: (row) => text('status')(row) + silence(row) },
        { title: 'FUNCTIONS', value: text('function_count') },
        { title: 'RUNNING', value: text('active_invocations') },
        { title: 'ID', value: text('id') },
      ],
    }),
})

/** How long a worker has left calls unanswered, as far as the engine thinks that too long. */
function silence({ unresponsive_since_ms: since }: Record<string, unknown>): string {
  if (typeof since !== 'number') return ''
  return `, no answer for ${Math.max(0, Math.round((Date.now() - since) / 1000))} s`
}

export const triggers = group('triggers', 'Triggers and the functions that they run', {
  args: {
    ...SEARCH_ARG,
    ...WORKER_ARG,
    ...INTERNAL_ARG,
    types: { type: 'boolean', description: 'List the trigger types instead', default: false },
  },
  run: (args) =>
    printListing(args, {
      functionId: args['types'] === true ? 'engine::triggers::list' : 'engine::registered-triggers::list',
      input: pick(withSearch(args), ['search', 'worker', 'include-internal']),
      ...(args['types'] === true ? TRIGGER_TYPES : BINDINGS),
    }),
})

const TRIGGER_TYPES: Pick<Listing, 'rows' | 'columns'> = {
  rows: 'triggers',
  columns: [
    { title: 'TYPE', value: text('id') },
    { title: 'WORKER', value: text('worker_name') },
    { title: 'DESCRIPTION', value: text('description') },
  ],
}
const BINDINGS: Pick<Listing, 'rows' | 'columns'> = {
  rows: 'registered_triggers',
  columns: [
    { title: 'TYPE', value: text('trigger_type') },
    { title: 'FUNCTION', value: text('function_id') },
    { title: 'WORKER', value: text('worker_name') },
    { title: 'STATE', value: text('state') },
    { title: 'CONFIG', value: text('config_summary') },
    { title: 'ID', value: text('id') },
  ],
}

export interface Listing {
  readonly functionId: string
  readonly input: ListedRow
  /** Member of the answer that holds the rows. */
  readonly rows: string
  readonly columns: readonly Column<ListedRow>[]
}

/** Asks the engine and prints a table, or with `--json` the answer as it came. */
export async function printListing(args: Readonly<Record<string, unknown>>, listing: Listing): Promise<number> {
  const { at, timeoutMs } = connectionFrom(args as unknown as ConnectionArgs)
  const answer = await invokeOnce(at, { functionId: listing.functionId, data: listing.input, timeoutMs })
  if (args['json'] === true) {
    console.log(JSON.stringify(answer, null, 2))
    return EXIT.ok
  }
  const rows = (answer as Record<string, unknown> | undefined)?.[listing.rows]
  if (!Array.isArray(rows)) {
    throw new CommandFailure(`Error: ${listing.functionId} answered without '${listing.rows}'; is this an iii engine?`)
  }
  const { columns, paint } = terminalOf(process.stdout)
  const [title = '', ...lines] = tableLines(rows as ListedRow[], listing.columns, columns)
  if (lines.length === 0) console.error('None.')
  else console.log([paint.bold(title), ...lines].join('\n'))
  return EXIT.ok
}

/** A cell: strings and numbers as they are, anything else that is there as JSON. */
export function text(member: string): (row: ListedRow) => string {
  return (row) => {
    const value = row[member]
    if (value === undefined || value === null) return ''
    return typeof value === 'object' ? JSON.stringify(value) : String(value)
  }
}

interface ListCommand {
  readonly args: ArgsDef
  run(args: Readonly<Record<string, unknown>>): Promise<number>
}

function group(name: string, description: string, { args, run }: ListCommand) {
  const list = defineCommand({
    meta: { name: 'list', description },
    args: { ...args, ...JSON_ARG, ...CONNECTION_ARGS } as ArgsDef,
    run: (context) => run(context.args),
  })
  return defineCommand({ meta: { name, description }, subCommands: { list } })
}

/** `iii functions list billing` looks for a text as `--search billing` does. */
function withSearch(args: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { text: word, search } = args
  if (word === undefined) return args
  if (search !== undefined)
    throw new UsageError(`'${String(word)}' and --search=${String(search)} are the same option; give one`)
  return { ...args, search: word }
}

/** The options that were given, under the names of the engine's input. */
function pick(args: Readonly<Record<string, unknown>>, options: readonly string[]): ListedRow {
  const given = options.filter((option) => args[option] !== undefined && args[option] !== false)
  return Object.fromEntries(given.map((option) => [option.replaceAll('-', '_'), args[option]]))
}
