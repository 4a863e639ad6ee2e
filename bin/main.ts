// The CLI's entry: finds the command, checks its options, runs it, and turns errors into messages and exit codes.
// Commands are loaded when they are asked for, so that starting the engine does not wait for the others.
import { stripVTControlCharacters } from 'node:util'
import type { ArgsDef, CommandDef } from 'citty'
import { didYouMean } from '../base/values/closest-name.ts'
import { BUILT_INS } from '../plugins/built-ins.ts'
import type { BuiltIn } from '../sdk/built-in.ts'
import { checkArguments } from './check-arguments.ts'
import { asTyped, commandName } from './command-name.ts'
import { commandTable, NOT_PROVIDED, type CommandEntry } from './command-table.ts'
import { CommandFailure, EXIT, UsageError } from './exit-codes.ts'
import { commandHelp, resolved } from './help.ts'
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
    checkArguments(rest, { path: `iii ${first}`, definitions: {} })
    const { ENGINE_VERSION } = await import('../core/version.ts')
    console.log(ENGINE_VERSION)
    return EXIT.ok
  }
  if (first === '-h' || first === '--help' || first === 'help') return await showHelp(rest, commands)
  if (first.startsWith('-')) return await runCommandLine('start', argv, commands)
  return await runCommandLine(commandWord(first, commands), rest, commands)
}

/** `iii help plugins new` is `iii plugins new --help`. */
async function showHelp(words: readonly string[], commands: Commands): Promise<number> {
  const [first, ...rest] = words.filter((word) => word !== '-h' && word !== '--help')
  if (first !== undefined) return await runCommandLine(commandWord(first, commands), [...rest, '--help'], commands)
  const { rootHelp } = await import('./root-help.ts')
  console.log(rootHelp(commands, commandName()))
  return EXIT.ok
}

/** The name of the command that a word stands for. @throws CommandFailure with what is there instead. */
function commandWord(word: string, commands: Commands): string {
  const name = commandNamed(word, commands)
  if (name !== undefined) return name
  refuseNotProvided(`iii ${word}`, NOT_PROVIDED)
  throw new UsageError(unknownCommandMessage('iii', word, [...commandNames(commands), 'help']))
}

async function runCommandLine(name: string, args: readonly string[], commands: Commands): Promise<number> {
  const entry = commands.get(name)!
  refuseNotProvided(`iii ${name} ${args[0]}`, entry.notProvided)
  const { path, command, rawArgs } = await subCommandOf(await entry.load(), `iii ${name}`, args)
  try {
    return await runCommandAt(path, command, rawArgs, entry)
  } catch (error) {
    if (error instanceof UsageError) error.path = path
    throw error
  }
}

/** @throws CommandFailure with what to do instead, for a command that only iii has. */
function refuseNotProvided(path: string, known: Readonly<Record<string, string>> = {}): void {
  const instead = Object.hasOwn(known, path) ? known[path] : undefined
  if (instead !== undefined) throw new CommandFailure(`${path} is not supported by this engine: ${instead}`)
}

async function runCommandAt(
  path: string,
  command: CommandDef<any>,
  rawArgs: readonly string[],
  entry: CommandEntry,
): Promise<number> {
  const definitions: ArgsDef = await resolved(command.args ?? {})
  const hasOwnHelp = 'help' in definitions
  if (!hasOwnHelp && asksForHelp(rawArgs)) {
    console.log(asTyped(await commandHelp(command, path, entry.examples)))
    return EXIT.ok
  }
  if (command.subCommands !== undefined) {
    console.log(asTyped(await commandHelp(command, path, entry.examples)))
    throw new UsageError(
      rawArgs[0] === undefined ? `no command of ${path} was given` : `unknown option ${rawArgs[0]} of ${path}`,
    )
  }
  const { takesWords = [], bareValues = {} } = entry
  const { runCommand } = await import('citty')
  const { result } = await runCommand(command, {
    rawArgs: checkArguments(rawArgs, { path, definitions, takesWords: takesWords.includes(path), bareValues }),
  })
  return typeof result === 'number' ? result : Number(process.exitCode ?? EXIT.ok)
}

interface Found {
  readonly path: string
  readonly command: CommandDef<any>
  readonly rawArgs: readonly string[]
}

/** Follows the words to the command that they name; where none is named, what can be listed is. */
async function subCommandOf(command: CommandDef<any>, path: string, rawArgs: readonly string[]): Promise<Found> {
  if (command.subCommands === undefined) return { path, command, rawArgs }
  const subCommands = await resolved(command.subCommands)
  const [wanted, ...rest] = rawArgs
  const isNamed = wanted !== undefined && !wanted.startsWith('-')
  const { list } = subCommands
  if (!isNamed && (list === undefined || asksForHelp(rawArgs))) return { path, command, rawArgs }
  if (!isNamed) return await subCommandOf(await resolved(list!), `${path} list`, rawArgs)
  const next = Object.hasOwn(subCommands, wanted) ? subCommands[wanted] : undefined
  if (next !== undefined) return await subCommandOf(await resolved(next), `${path} ${wanted}`, rest)
  const search = list !== undefined && 'text' in (await resolved((await resolved(list)).args ?? {}))
  const hint = search ? ` To look for it: ${path} list ${wanted}` : ''
  const unknown = new UsageError(`${unknownCommandMessage(path, wanted, Object.keys(subCommands))}${hint}`)
  unknown.path = path
  throw unknown
}

/** iii's own CLI takes `-c FILE` before the command too. It goes behind as `-c`: `--config` of some commands is another file. */
function configFlagBehindCommand(argv: readonly string[], commands: Commands): readonly string[] {
  const [flag = '', ...behind] = argv
  if (!/^(-c|--config(=.*)?)$/s.test(flag)) return argv
  const option = argv
    .slice(0, flag.includes('=') ? 1 : 2)
    .map((arg, index) => (index === 0 ? arg.replace('--config', '-c') : arg))
  const [command, ...rest] = behind.slice(option.length - 1)
  const isCommand = command !== undefined && commandNamed(command, commands) !== undefined
  return isCommand ? [command, ...rest, ...option] : argv
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

function report(error: unknown): number {
  if (error instanceof CommandFailure) {
    console.error(asTyped(error.message))
    if (error instanceof UsageError) console.error(asTyped(`See '${error.path} --help'.`))
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
  console.error(readable ? asTyped(`Error: ${error.message}`) : error.stack)
  if (remedy !== undefined && !error.message.includes(remedy)) console.error(asTyped(remedy))
  return EXIT.failure
}
