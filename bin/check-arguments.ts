// Holds a command line against what its command takes, before the command runs. citty lets pass whatever is unknown, empty, surplus or
// given twice; a slip must not be ignored.
import type { ArgsDef } from 'citty'
import { didYouMean } from '../base/values/closest-name.ts'
import { UsageError } from './exit-codes.ts'

export interface Accepted {
  /** As it is typed, for messages: `iii plugins list`. */
  readonly path: string
  readonly definitions: ArgsDef
  /** Any number of words behind the positional arguments. Default false. */
  readonly takesWords?: boolean
  /** Options that may stand without a value, with the one that they have then: `--inspect`. */
  readonly bareValues?: Readonly<Record<string, string>>
}

interface Option {
  /** Without dashes. */
  readonly name: string
  readonly takesValue: boolean
}

interface ValuedOption {
  readonly options?: readonly string[]
  readonly valueHint?: string
}

/**
 * The same command line in a form that leaves nothing to interpretation: `--name=value`, `--flag`, `--no-flag`, and the words behind `--`.
 * @throws UsageError that names the argument and what was probably meant.
 */
export function checkArguments(rawArgs: readonly string[], accepted: Accepted): string[] {
  const known = optionsOf(accepted.definitions)
  const given = new Map<string, string>()
  const words: string[] = []
  for (let index = 0; index < rawArgs.length; index++) {
    const arg = rawArgs[index]!
    if (arg === '--') {
      words.push(...rawArgs.slice(index + 1))
      break
    }
    if (!isOption(arg)) {
      words.push(arg)
      continue
    }
    const [written = '', ...behind] = arg.split('=')
    const option = known.get(written)
    if (option === undefined) throw unknownOption(written, known, accepted)
    let value = behind.length === 0 ? undefined : behind.join('=')
    const bare = accepted.bareValues?.[option.name]
    if (option.takesValue && value === undefined && bare === undefined) {
      const next = rawArgs[index + 1]
      if (next !== undefined && !isOption(next)) [value, index] = [next, index + 1]
    }
    const text = option.takesValue ? valued(written, option, value ?? bare, accepted) : flag(written, option, value)
    const earlier = given.get(option.name)
    if (earlier !== undefined && (option.takesValue || earlier !== text))
      throw new UsageError(`${written} of ${accepted.path} is given twice: ${earlier} and ${text}`)
    given.set(option.name, text)
  }
  checkWords(words, accepted)
  return [...given.values(), ...(words.length === 0 ? [] : ['--', ...words])]
}

/** A lone dash is standard input, and -1 a number: both are values. */
function isOption(arg: string): boolean {
  return arg.startsWith('-') && arg !== '-' && !/^-\.?\d/.test(arg)
}

function valued(written: string, { name }: Option, value: string | undefined, { path, definitions }: Accepted): string {
  const { options, valueHint: hint = options?.join('|') ?? 'value' } = (definitions[name] ?? {}) as ValuedOption
  if (value !== undefined && value !== '' && options?.includes(value) === false) {
    const list = `one of ${options.join(', ')}`
    throw new UsageError(`${written} of ${path} takes ${list}, not '${value}'.${didYouMean(value, options)}`)
  }
  if (value !== undefined && value !== '') return `--${name}=${value}`
  throw new UsageError(
    `${written} of ${path} needs a value: --${name}=${options === undefined ? hint.toUpperCase() : hint}`,
  )
}

function flag(written: string, { name }: Option, value: string | undefined): string {
  const isNegated = written === `--no-${name}`
  const positive = `--${name}`
  if (value === undefined) return isNegated ? `--no-${name}` : positive
  if (!isNegated && value === 'true') return positive
  if (!isNegated && value === 'false') return `--no-${name}`
  throw new UsageError(
    `${written} takes no value, not '${value}'; write ${positive} to turn it on, --no-${name} to turn it off`,
  )
}

function checkWords(words: readonly string[], { path, definitions, takesWords = false }: Accepted): void {
  const positional = Object.entries(definitions).filter(([, { type }]) => type === 'positional')
  for (const [index, [name, { required }]] of positional.entries()) {
    const word = words[index]
    if (word === undefined && required !== false) throw new UsageError(`missing ${name.toUpperCase()} of ${path}`)
    if (word === '') throw new UsageError(`${name.toUpperCase()} of ${path} is empty`)
  }
  const surplus = takesWords ? undefined : words[positional.length]
  if (surplus === undefined) return
  const isFile = Object.hasOwn(definitions, 'config') && /\.ya?ml$/.test(surplus)
  throw new UsageError(
    `unexpected argument '${surplus}' of ${path}${isFile ? `; name the file with --config=${surplus}` : ''}`,
  )
}

function unknownOption(written: string, known: ReadonlyMap<string, Option>, { path }: Accepted): UsageError {
  return new UsageError(`unknown option ${written} of ${path}.${didYouMean(written, known.keys())}`)
}

function optionsOf(definitions: ArgsDef): Map<string, Option> {
  const known = new Map<string, Option>()
  for (const [name, definition] of Object.entries(definitions)) {
    if (definition.type === 'positional') continue
    const option = { name, takesValue: definition.type === 'string' || definition.type === 'enum' }
    const aliases = 'alias' in definition ? [definition.alias ?? []].flat() : []
    for (const word of [name, ...aliases]) known.set(word.length === 1 ? `-${word}` : `--${word}`, option)
    if (!option.takesValue) known.set(`--no-${name}`, option)
  }
  return known
}
