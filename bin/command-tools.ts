// What the commands of built-in workers are given: calls to a running engine, and output as the other commands make it.
import type { CommandTools } from '../sdk/built-in.ts'
import { CONNECTION_ARGS, connectionFrom, type ConnectionArgs } from './connection-options.ts'
import { invokeOnce } from './engine-client.ts'
import { tableLines } from './table.ts'
import { terminalOf } from './terminal.ts'

export const COMMAND_TOOLS: CommandTools = {
  connectionArgs: CONNECTION_ARGS,
  async call(args, functionId, data) {
    // citty has filled in what `connectionArgs` declares.
    const { at, timeoutMs } = connectionFrom(args as unknown as ConnectionArgs)
    return invokeOnce(at, { functionId, data, timeoutMs })
  },
  printTable(rows) {
    const titles = [...new Set(rows.flatMap((row) => Object.keys(row)))]
    const columns = titles.map((title) => ({ title, value: (row: (typeof rows)[number]) => row[title] ?? '' }))
    for (const line of tableLines(rows, columns, terminalOf(process.stdout).columns)) console.log(line)
  },
  print: (line) => console.log(line),
}
