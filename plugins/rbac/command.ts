// `iii sessions`: who is connected to listeners with `rbac`, and sending one away.
import { defineCommand, type ArgsDef, type CommandDef } from 'citty'
import { Mistake } from '../../kit/commands/mistake.ts'
import { shortened } from '../../kit/commands/shortened.ts'
import type { CommandTools } from '../../sdk/built-in.ts'

interface SessionRow {
  readonly worker_id: string
  readonly name: string | null
  readonly listener: string | null
  readonly ip_address: string | null
  readonly connected_at: string
  readonly expires_at?: string
  readonly context: Readonly<Record<string, unknown>>
  readonly calls: number
  readonly denied: number
}

/** The most that the engine lists at once. */
const MAX_LIMIT = 10_000
const LIST_ARGS: ArgsDef = {
  listener: { type: 'string', description: 'Only those of this listener, such as iii-worker-manager#1' },
  limit: { type: 'string', default: '100', description: 'How many to show, the oldest first' },
  json: { type: 'boolean', description: 'Print the answer of the engine as JSON', default: false },
}

export default function sessionsCommand(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'iii sessions', description: 'Show who is connected to listeners with rbac, and send one away' },
    subCommands: { list: list(tools), revoke: revoke(tools) },
  })
}

function list({ connectionArgs, call, printTable, print }: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'list', description: 'List the sessions with their calls' },
    args: { ...LIST_ARGS, ...connectionArgs },
    async run({ args }) {
      const listener = args['listener'] as string | undefined
      const input = { limit: limitOf(args['limit']), ...(listener === undefined ? {} : { listener }) }
      const answer = await call(args, 'engine::sessions::list', input)
      const { sessions, total } = answer as { sessions: readonly SessionRow[]; total: number }
      if (args['json'] === true) print(JSON.stringify(answer, null, 2))
      else if (total === 0)
        print(listener === undefined ? 'There is no session.' : `There is no session of ${listener}.`)
      else {
        printTable(sessions.map(sessionLine))
        if (sessions.length < total) print(`${total - sessions.length} more; --limit shows them.`)
      }
      return 0
    },
  })
}

function revoke({ connectionArgs, call, print }: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: {
      name: 'revoke',
      description: 'Close the connection of a session; SDKs connect again, and are asked about anew',
    },
    args: {
      id: { type: 'positional', required: true, description: 'Its id, as iii sessions list shows it' },
      ...connectionArgs,
    },
    async run({ args }) {
      await call(args, 'engine::sessions::revoke', { worker_id: args['id'] })
      print(`${String(args['id'])}: revoked`)
      return 0
    },
  })
}

function limitOf(written: unknown): number {
  const limit = Number(written)
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit
  throw new Mistake(
    `--limit "${String(written)}" is no whole number from 1 to ${MAX_LIMIT}`,
    'Give one, such as --limit 500.',
  )
}

function sessionLine(row: SessionRow): Record<string, string> {
  return {
    NAME: row.name ?? '',
    LISTENER: row.listener ?? '',
    ADDRESS: row.ip_address ?? '',
    SINCE: row.connected_at,
    UNTIL: row.expires_at ?? '',
    CALLS: String(row.calls),
    DENIED: String(row.denied),
    CONTEXT: shortened(JSON.stringify(row.context)),
    ID: row.worker_id,
  }
}
