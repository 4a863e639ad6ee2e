// What the commands of built-in workers are given: calls to a running engine, the project, and output as the other commands make it.
import { isIPv6 } from 'node:net'
import type { CommandConnection, CommandProject, CommandTools } from '../sdk/built-in.ts'
import { askOnTerminal } from './ask-on-terminal.ts'
import { asTyped } from './command-name.ts'
import { CONNECTION_ARGS, connectionFrom, type ConnectionArgs } from './connection-options.ts'
import { parseAddress } from './engine-address.ts'
import { EngineConnection, invokeOnce, UnreachableError } from './engine-client.ts'
import { CommandFailure, UsageError } from './exit-codes.ts'
import { liveLines } from './live-lines.ts'
import { OutputReader } from './output-reader.ts'
import { tableLines } from './table.ts'
import { terminalOf } from './terminal.ts'

let reader: OutputReader | undefined

export const COMMAND_TOOLS: CommandTools = {
  connectionArgs: CONNECTION_ARGS,
  async call(args, functionId, data) {
    // citty has filled in what `connectionArgs` declares.
    const { at, timeoutMs } = connectionFrom(args as unknown as ConnectionArgs)
    return invokeOnce(at, { functionId, data, timeoutMs })
  },
  connect,
  project: projectOf,
  printTable(rows) {
    const titles = [...new Set(rows.flatMap((row) => Object.keys(row)))]
    const columns = titles.map((title) => ({ title, value: (row: (typeof rows)[number]) => row[title] ?? '' }))
    for (const line of tableLines(rows, columns, terminalOf(process.stdout).columns)) console.log(line)
  },
  print: (line) => console.log(line),
  typed: (text) => asTyped(text),
  write: (lines, stopped = new AbortController().signal) =>
    (reader ??= new OutputReader()).take(lines, whenAborted(stopped)),
  note: (line) => console.error(asTyped(line)),
  live: (stream) => liveLines(process[stream]),
  get ask() {
    return askOnTerminal()
  },
  untilStopped,
  failure: (message, { isUsage = false, cause } = {}) =>
    isUsage ? new UsageError(message) : new CommandFailure(message, { cause }),
  env: process.env,
  get cwd() {
    return process.cwd()
  },
}

/** A socket is opened with the first call, and again after one has failed for want of an engine. */
function connect(text: string): CommandConnection {
  const { address, port } = parseAddress(text, 'the address of the engine')
  let socket: EngineConnection | undefined
  return {
    async call(functionId, data, timeoutMs) {
      const wait = timeoutMs === undefined ? {} : { timeoutMs }
      socket ??= new EngineConnection({ address, ...(port !== undefined && { port }) }, timeoutMs)
      try {
        return await socket.invoke({ functionId, data, ...wait })
      } catch (error) {
        if (error instanceof UnreachableError) {
          socket?.end()
          socket = undefined
        }
        throw error
      }
    },
    isUnreachable: (error) => error instanceof UnreachableError,
    close: () => socket?.end(),
  }
}

async function projectOf(configFile?: string): Promise<CommandProject> {
  const { findProject } = await import('./plugin-project.ts')
  const { entries, port, host, ...found } = findProject(configFile)
  return {
    configFile: found.configFile,
    root: found.root,
    address: port === undefined ? undefined : `${reachable(host)}:${port}`,
    block: (worker) => entries.find(({ name }) => name === worker)?.config ?? {},
  }
}

/** A host to connect to, for one to listen on. */
function reachable(host: string | undefined): string {
  if (host === undefined || ['0.0.0.0', '::', '[::]'].includes(host)) return 'localhost'
  return isIPv6(host) ? `[${host}]` : host
}

async function untilStopped<Value>(run: (stopped: AbortSignal) => Promise<Value>): Promise<Value> {
  const abort = new AbortController()
  const stop = (): void => abort.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  try {
    return await run(abort.signal)
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop)
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
