// Finds options on a command line that a command does not have. citty lets them pass, and a mistyped option must not be ignored.
import type { ArgsDef } from 'citty'

/** The first unknown option as written, or undefined. What follows `--` is never an option. */
export function unknownOption(rawArgs: readonly string[], definitions: ArgsDef): string | undefined {
  const takesValue = optionNames(definitions)
  for (let index = 0; index < rawArgs.length; index++) {
    const arg = rawArgs[index]!
    if (arg === '--') return undefined
    // A lone dash is standard input, and -1 a number: both are values.
    if (!arg.startsWith('-') || arg === '-' || /^-\d/.test(arg)) continue
    const name = arg.split('=', 1)[0]!
    const withValue = takesValue.get(name)
    if (withValue === undefined) return name
    if (withValue && !arg.includes('=')) index++
  }
  return undefined
}

function optionNames(definitions: ArgsDef): Map<string, boolean> {
  const names = new Map<string, boolean>([
    ['-h', false],
    ['--help', false],
  ])
  for (const [name, definition] of Object.entries(definitions)) {
    if (definition.type === 'positional') continue
    const withValue = definition.type === 'string' || definition.type === 'enum'
    const aliases = 'alias' in definition ? [definition.alias ?? []].flat() : []
    for (const alias of [name, ...aliases]) names.set(alias.length === 1 ? `-${alias}` : `--${alias}`, withValue)
    if (definition.type === 'boolean') names.set(`--no-${name}`, false)
  }
  return names
}
