// The CLI's entry: finds the command, checks its options, runs it, and turns errors into messages and exit codes.
// Commands are loaded when they are asked for, so that starting the engine does not wait for the others.
import { stripVTControlCharacters } from 'node:util'
import type { ArgsDef, CommandDef } from 'citty'
import { didYouMean } from '../base/values/closest-name.ts'
import { BUILT_INS } from '../plugins/built-ins.ts'
import type { BuiltIn } from '../sdk/built-in.ts'
import { commandTable, NOT_PROVIDED, type CommandEntry } from './command-table.ts'
import { CommandFailure, EXIT, UsageError } from './exit-codes.ts'
import { unknownOption } from './known-options.ts'
import { watchOutput } from './output-errors.ts'

/** Runs one command line to its end and sets the exit code of the process. */
export async function main(argv: readonly string[]): Promise<void> {
  const output = watchOutput(process, (message) => {
    console.error(message)
    process.exitCode ||= EXIT.failure
  })
  const exitCode = await run(argv)
  process.exitCode = exitCode === EXIT.ok && output.isFailed ? EXIT.failure : exitCode
}

/** All commands by name. */
type Commands = ReadonlyMap<string, CommandEntry>

/** Runs one command line; the exit code is the answer. */
export async function run(argv: readonly string[], builtIns: readonly BuiltIn[] = BUILT_INS): Promise<number> {
  try {
    const commands = commandTable(builtIns)
    return await dispatch(configFlagBehindCommand(argv, commands), commands)
  } catch (error) {
    return report(error)
  }
}

async function dispatch(argv: readonly string[], commands: Commands): Promise<number> {
  const [first = 'start', ...rest] = argv
  if (first === '-v' || first === '--version') {
    const { ENGINE_VERSION } = await import('../core/version.ts')
    console.log(ENGINE_VERSION)
    return EXIT.ok
  }
  if (first === '-h' || first === '--help' || first === 'help') {
    const { rootHelp } = await import('./root-help.ts')
    console.log(rootHelp(commands))
    return EXIT.ok
  }
  if (first.startsWith('-')) return await runCommandLine('start', argv, commands)
  const name = commandNamed(first, commands)
  if (name !== undefined) return await runCommandLine(name, rest, commands)
  const missing = NOT_PROVIDED[first]
  if (missing !== undefined) throw new CommandFailure(`iii ${first} is not supported by this engine: ${missing}`)
  throw new UsageError(unknownCommandMessage('iii', first, commandNames(commands)))
}

async function runCommandLine(name: string, args: readonly string[], commands: Commands): Promise<number> {
  const { runCommand } = await import('citty')
  let command: CommandDef<any> = await commands.get(name)!.load()
  let path = `iii ${name}`
  let rawArgs = [...args]
  while (command.subCommands !== undefined) {
    const subCommands = await resolved(command.subCommands)
    const wanted = rawArgs[0]
    if (wanted === undefined || wanted.startsWith('-')) {
      await showHelp(command, path)
      if (wanted === '-h' || wanted === '--help') return EXIT.ok
      throw new UsageError(
        wanted === undefined ? `${path} needs one of its commands` : `unknown option ${wanted} of ${path}`,
      )
    }
    const next = Object.hasOwn(subCommands, wanted) ? subCommands[wanted] : undefined
    if (next === undefined) throw new UsageError(unknownCommandMessage(path, wanted, Object.keys(subCommands)))
    command = await resolved(next)
    path += ` ${wanted}`
    rawArgs = rawArgs.slice(1)
  }
  const definitions: ArgsDef = await resolved(command.args ?? {})
  if (!('help' in definitions) && asksForHelp(rawArgs)) {
    await showHelp(command, path)
    return EXIT.ok
  }
  const unknown = unknownOption(rawArgs, definitions)
  if (unknown !== undefined) throw new UsageError(`unknown option ${unknown} of ${path}`)
  const { result } = await runCommand(command, { rawArgs })
  return typeof result === 'number' ? result : Number(process.exitCode ?? EXIT.ok)
}

/** iii's own CLI takes `-c FILE` before the command too. */
function configFlagBehindCommand(argv: readonly string[], commands: Commands): readonly string[] {
  const [flag, file, command, ...rest] = argv
  if (flag !== '-c' && flag !== '--config') return argv
  const isCommand = command !== undefined && commandNamed(command, commands) !== undefined
  return isCommand ? [command, ...rest, flag, file ?? ''] : argv
}

function commandNamed(word: string, commands: Commands): string | undefined {
  for (const [name, { aliases }] of commands) if (name === word || aliases.includes(word)) return name
  return undefined
}

function commandNames(commands: Commands): string[] {
  return [...commands].flatMap(([name, { aliases }]) => [name, ...aliases])
}

function unknownCommandMessage(path: string, word: string, known: readonly string[]): string {
  return `unknown command '${word}' of ${path}.${didYouMean(word, known)}`
}

function asksForHelp(rawArgs: readonly string[]): boolean {
  const end = rawArgs.indexOf('--')
  return rawArgs.slice(0, end === -1 ? undefined : end).some((arg) => arg === '-h' || arg === '--help')
}

async function showHelp(command: CommandDef<any>, path: string): Promise<void> {
  const { renderUsage } = await import('citty')
  const { terminalOf } = await import('./terminal.ts')
  const meta = await resolved(command.meta ?? {})
  const text = await renderUsage({ ...command, meta: { ...meta, name: path } })
  const { paint } = terminalOf(process.stdout)
  // citty decides about colours without looking at the stream.
  console.log(paint.isColorSupported ? text : stripVTControlCharacters(text))
}

function resolved<T>(value: T | Promise<T> | (() => T) | (() => Promise<T>)): Promise<T> {
  return Promise.resolve(typeof value === 'function' ? (value as () => T | Promise<T>)() : value)
}

function report(error: unknown): number {
  if (error instanceof CommandFailure) {
    console.error(error.message)
    if (error.exitCode === EXIT.usage) console.error(`Run 'iii --help' for the commands.`)
    return error.exitCode
  }
  if (!(error instanceof Error)) {
    console.error(String(error))
    return EXIT.failure
  }
  // citty's own complaints about arguments: a wrong command line, not a defect.
  if (error.name === 'CLIError') {
    console.error(stripVTControlCharacters(error.message))
    return EXIT.usage
  }
  // Errors that say what to do are for the user; all others are defects of ours, and there the stack is what helps.
  const remedy = 'remedy' in error && typeof error.remedy === 'string' ? error.remedy : undefined
  const readable = remedy !== undefined || error.name === 'ConfigError' || error.name === 'StartError'
  console.error(readable ? `Error: ${error.message}` : error.stack)
  if (remedy !== undefined && !error.message.includes(remedy)) console.error(remedy)
  return EXIT.failure
}
