// `iii queue`: look at queues and topics, bring dead letters back, hold a queue.
import { defineCommand, type ArgsDef, type CommandDef } from 'citty'
import { Mistake } from '../../kit/commands/mistake.ts'
import { shortened } from '../../kit/commands/shortened.ts'
import type { CommandTools } from '../../sdk/built-in.ts'

type Args = Readonly<Record<string, unknown>>

interface Listed {
  readonly name: string
  readonly broker_type: string
}

interface Status {
  readonly queue: string
  readonly pending: number
  readonly active: number
  readonly awaiting_function: number
  readonly awaited_functions: readonly { readonly function_id: string; readonly reason: 'missing' | 'busy' }[]
  readonly delayed: number
  readonly dlq_count: number
  readonly consumers: number
  readonly paused: boolean
}

interface JobRow {
  readonly id: string
  readonly function_id: string
  readonly attempts?: number
  readonly retries?: number
  readonly created_at: number
  readonly run_at?: number | null
  readonly error: string | null
  readonly payload: unknown
  readonly awaiting_function?: boolean
}

const JSON_ARGS: ArgsDef = {
  json: { type: 'boolean', description: 'Print the answer of the engine as JSON', default: false },
}
const QUEUE: ArgsDef = { queue: { type: 'positional', required: true, description: 'A named queue or a topic' } }

export default function queueCommand(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'iii queue', description: 'Look at queues and topics, bring dead letters back, hold a queue' },
    subCommands: {
      list: list(tools),
      peek: peek(tools),
      redrive: redrive(tools),
      pause: hold(tools, 'pause', 'Deliver nothing more from a queue until it is resumed'),
      resume: hold(tools, 'resume', 'Deliver from a paused queue again'),
    },
  })
}

function list({ connectionArgs, call, printTable, print }: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'list', description: 'List the queues and topics with their figures' },
    args: { ...JSON_ARGS, ...connectionArgs },
    async run({ args }) {
      const listed = (await call(args, 'engine::queue::list_topics', {})) as Listed[]
      const all: (Status & { kind: string })[] = []
      for (const { name, broker_type } of listed) {
        const status = (await call(args, 'iii::queue::status', { queue: name })) as Status
        all.push({ ...status, kind: broker_type === 'function_queue' ? 'queue' : 'topic' })
      }
      if (args['json'] === true) print(JSON.stringify({ queues: all }, null, 2))
      else if (all.length === 0) print('There is no queue and no topic.')
      else printTable(all.map(statusLine))
      return 0
    },
  })
}

function statusLine(status: Status & { kind: string }): Record<string, string> {
  return {
    NAME: status.queue,
    KIND: status.kind,
    WAITING: String(status.pending),
    ACTIVE: String(status.active),
    AWAITING: String(status.awaiting_function),
    DELAYED: String(status.delayed),
    DEAD: String(status.dlq_count),
    CONSUMERS: String(status.consumers),
    STATE: stateOf(status),
  }
}

function stateOf({ paused, awaited_functions: awaited }: Status): string {
  const missing = awaited.filter(({ reason }) => reason === 'missing').map(({ function_id }) => function_id)
  const waits = missing.length === 0 ? [] : [shortened(`nobody provides ${missing.join(', ')}`)]
  return [...(paused ? ['paused'] : []), ...waits].join('; ')
}

function peek({ connectionArgs, call, printTable, print }: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'peek', description: 'Show messages of a queue without taking them' },
    args: {
      ...QUEUE,
      dead: { type: 'boolean', description: 'The dead letters, the newest first' },
      delayed: { type: 'boolean', description: 'Those whose time has not come' },
      limit: { type: 'string', default: '20', description: 'How many to show' },
      ...JSON_ARGS,
      ...connectionArgs,
    },
    async run({ args }) {
      const limit = Number(args['limit'])
      if (!Number.isInteger(limit) || limit < 1)
        throw new Mistake(
          `--limit "${String(args['limit'])}" is no whole number`,
          'Give one from 1 on, such as --limit 20.',
        )
      const rows = await listed(call, args, limit)
      if (args['json'] === true) print(JSON.stringify(rows, null, 2))
      else if (rows.length === 0) print(await whyEmpty(call, args))
      else printTable(rows.map(jobLine))
      return 0
    },
  })
}

/** As many as fit into one answer, which holds their payloads. */
async function listed(call: CommandTools['call'], args: Args, limit: number): Promise<JobRow[]> {
  try {
    return (await call(args, listingOf(args), { queue: args['queue'], limit })) as JobRow[]
  } catch (error) {
    const { body } = error as { body?: { code?: unknown } }
    if (body?.code !== 'result_too_large' || limit === 1) throw error
    return listed(call, args, Math.floor(limit / 2))
  }
}

/** What there is instead; a name that nobody knows is a mistake. */
async function whyEmpty(call: CommandTools['call'], args: Args): Promise<string> {
  const queue = String(args['queue'])
  await mustBeThere(call, args, queue)
  if (args['dead'] === true || args['delayed'] === true) return `There are no such messages in "${queue}".`
  const { pending, active, delayed, dlq_count: dead } = (await call(args, 'iii::queue::status', { queue })) as Status
  const others = [
    [pending, 'waiting for the first subscriber'],
    [active, 'being handled'],
    [delayed, 'delayed'],
    [dead, 'dead'],
  ] as const
  const told = others.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
  return `Nothing in "${queue}" is to be delivered now${told.length > 0 ? `; ${told.join(', ')}` : ''}.`
}

/** Functions answer with zeros for a name that nobody knows. */
async function mustBeThere(call: CommandTools['call'], args: Args, queue: string): Promise<void> {
  const listed = (await call(args, 'engine::queue::list_topics', {})) as Listed[]
  if (listed.some(({ name }) => name === queue)) return
  throw new Mistake(`There is no queue and no topic "${queue}"`, 'iii queue list shows which there are.')
}

function listingOf({ dead, delayed }: Args): string {
  if (dead === true && delayed === true)
    throw new Mistake('--dead and --delayed exclude each other', 'Name one of them.')
  if (dead === true) return 'engine::queue::dlq_messages'
  return delayed === true ? 'iii::queue::delayed' : 'iii::queue::peek'
}

function jobLine(row: JobRow): Record<string, string> {
  const { id, function_id, attempts, retries, created_at, run_at, error, payload, awaiting_function } = row
  return {
    ID: id,
    FUNCTION: function_id,
    FAILED: String(attempts ?? retries ?? 0),
    SINCE: new Date(created_at).toISOString(),
    ...(run_at === undefined || run_at === null ? {} : { DUE: new Date(run_at).toISOString() }),
    DATA: shortened(JSON.stringify(payload)),
    ERROR: awaiting_function === true ? 'waits for its function' : shortened(error ?? ''),
  }
}

function redrive({ connectionArgs, call, print }: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'redrive', description: 'Put dead letters back at the end of their queue' },
    args: {
      ...QUEUE,
      id: { type: 'positional', required: false, description: 'Only the one with this id' },
      ...connectionArgs,
    },
    async run({ args }) {
      const queue = String(args['queue'])
      const id = args['id'] === undefined ? undefined : String(args['id'])
      const { redriven } = (await (id === undefined
        ? call(args, 'iii::queue::redrive', { queue })
        : call(args, 'iii::queue::redrive_message', { queue, message_id: id }))) as { redriven: number }
      if (redriven === 0) await mustBeThere(call, args, queue)
      if (id !== undefined && redriven === 0)
        throw new Mistake(
          `"${queue}" has no dead letter with the id ${id}`,
          `iii queue peek ${queue} --dead lists them.`,
        )
      print(`${queue}: ${redriven} redriven`)
      return 0
    },
  })
}

function hold(
  { connectionArgs, call, print }: CommandTools,
  action: 'pause' | 'resume',
  description: string,
): CommandDef<any> {
  return defineCommand({
    meta: { name: action, description },
    args: { ...QUEUE, ...connectionArgs },
    async run({ args }) {
      await call(args, `iii::queue::${action}`, { queue: args['queue'] })
      print(`${String(args['queue'])}: ${action}d`)
      return 0
    },
  })
}
