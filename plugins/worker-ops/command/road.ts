// Where an operation of `iii worker` runs (spec 05 C.4): in the engine that `--host` names; else in the engine of this project, when one
// answers at the port of its configuration file and runs with this very file; else in this process, which then changes files alone.
import { realpathSync } from 'node:fs'
import { isRecord } from '../../../base/values/is-record.ts'
import type { CommandConnection, CommandProject, CommandTools } from '../../../sdk/built-in.ts'
import type { WorkerEvent } from '../events.ts'
import { textOf, type Args } from './arguments.ts'
import { inProcess } from './in-process.ts'

/** For the answer to the first question; a machine that is busy takes its time. Where nothing listens this is known at once. */
const FIRST_ANSWER_MS = 3_000
/** An operation may download. */
const OPERATION_MS = 600_000
const DEFAULT_PORT = 49134
const TAIL_WAIT_MS = 20_000

export interface Road {
  /** `remote`: the engine that `--host` names. `engine`: that of this project. `files`: none runs. */
  readonly kind: 'remote' | 'engine' | 'files'
  /** This project; undefined where an engine elsewhere has its own. */
  readonly project: CommandProject | undefined
  /** Runs `worker::NAME`, or another function of the engine where `files` have a counterpart. */
  run(functionId: string, input: object, onEvent?: (event: WorkerEvent) => void): Promise<unknown>
  close(): void
}

export async function findRoad(tools: CommandTools, args: Args): Promise<Road> {
  const host = textOf(args, 'host')
  if (host !== undefined) return remote(tools, host)
  const project = await tools.project(textOf(args, 'config-file') ?? textOf(args, 'config'))
  if (project.configFile === undefined) return await withoutFile(tools, project)
  for (const address of addressesOf(project, tools)) {
    const connection = tools.connect(address)
    if (await runsWith(connection, project.configFile)) return overBus('engine', tools, connection, address, project)
    connection.close()
  }
  return { kind: 'files', project, run: inProcess(tools, project), close() {} }
}

function remote(tools: CommandTools, host: string): Road {
  // A host alone means the default port, as everywhere.
  return overBus('remote', tools, tools.connect(host), host, undefined)
}

/** As iii does it: without a file the engine of this machine is meant, and the user is told so. */
async function withoutFile(tools: CommandTools, project: CommandProject): Promise<Road> {
  const address = tools.env['III_URL'] || 'localhost'
  const connection = tools.connect(address)
  try {
    await connection.call('engine::config::file', {}, FIRST_ANSWER_MS)
  } catch (error) {
    connection.close()
    if (!connection.isUnreachable(error)) throw error
    throw tools.failure(
      `Error: there is no configuration file in ${project.root}, and no engine at ${address}. Write one with 'iii project init', name the file with --config, or an engine with --host.`,
      { cause: error },
    )
  }
  tools.note(`There is no configuration file in ${project.root}: the engine at ${address} does it.`)
  return overBus('remote', tools, connection, address, undefined)
}

/** The engine of a project is where its file says, or where III_URL says; which of them it is its file tells. */
function addressesOf({ address }: CommandProject, { env }: CommandTools): string[] {
  const named = env['III_URL']
  const addresses = [address ?? `localhost:${DEFAULT_PORT}`, ...(named ? [named] : [])]
  return [...new Set(addresses)]
}

async function runsWith(connection: CommandConnection, configFile: string): Promise<boolean> {
  try {
    const answer = await connection.call('engine::config::file', {}, FIRST_ANSWER_MS)
    const path = isRecord(answer) ? answer['path'] : undefined
    return typeof path === 'string' && realPath(path) === realPath(configFile)
  } catch {
    // No engine, one that is not ours, or one that lets nobody ask.
    return false
  }
}

function realPath(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}

function overBus(
  kind: 'remote' | 'engine',
  tools: CommandTools,
  connection: CommandConnection,
  address: string,
  project: CommandProject | undefined,
): Road {
  return {
    kind,
    project,
    async run(functionId, input, onEvent) {
      if (onEvent === undefined) return await connection.call(functionId, input, OPERATION_MS)
      const events = await eventsOf(tools, address, onEvent)
      try {
        return await connection.call(functionId, input, OPERATION_MS)
      } finally {
        events.close()
      }
    },
    close: () => connection.close(),
  }
}

/** Told over a connection of its own, since the other one waits for the result. */
async function eventsOf(
  tools: CommandTools,
  address: string,
  onEvent: (event: WorkerEvent) => void,
): Promise<{ close(): void }> {
  const connection = tools.connect(address)
  const ask = async (after: number | undefined): Promise<number> => {
    const input = after === undefined ? {} : { after, wait_ms: TAIL_WAIT_MS }
    const page = (await connection.call('worker::events::tail', input, TAIL_WAIT_MS + 10_000)) as {
      readonly events: readonly WorkerEvent[]
      readonly next: number
    }
    for (const event of page.events) onEvent(event)
    return page.next
  }
  const closed = new AbortController()
  const first = await ask(undefined).catch(() => undefined)
  const follow = async (): Promise<void> => {
    for (let after = first; after !== undefined && !closed.signal.aborted;) after = await ask(after)
  }
  // Whoever can't be told how it gets on is told the result all the same.
  void follow().catch(() => {})
  return {
    close() {
      closed.abort()
      connection.close()
    },
  }
}
