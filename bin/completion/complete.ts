// What fits where the cursor stands in a command line: commands, options and values by their definitions, names from a running engine.
import type { ArgDef, ArgsDef, CommandDef } from 'citty'
import type { CompletionSource } from '../../sdk/built-in.ts'
import type { CommandEntry } from '../command-table.ts'
import { resolved } from '../help.ts'

export interface Offer {
  readonly word: string
  readonly description: string
}

/**
 * What a shell does beside offering the words: nothing (`:done`), file or folder names of its own, or no space behind the word
 * (`:continue`), because it goes on.
 */
export type Directive = ':done' | ':files' | ':folders' | ':continue'

export interface Offers {
  readonly offers: readonly Offer[]
  readonly directive: Directive
}

export interface CompletionDeps {
  readonly commands: ReadonlyMap<string, CommandEntry>
  /** Words of a running engine; none when it does not answer at once. @param options of the command line that say which. */
  ask(source: CompletionSource, options: ReadonlyMap<string, string>): Promise<readonly Offer[]>
  /** Members of the payload of a function, as `name=`. */
  payload(functionId: string, options: ReadonlyMap<string, string>): Promise<readonly Offer[]>
}

const NOTHING: Offers = { offers: [], directive: ':done' }

/** @param words behind `iii`; the last one is being written, and may be empty. */
export async function complete(words: readonly string[], deps: CompletionDeps): Promise<Offers> {
  const [first = '', ...rest] = words
  if (rest.length === 0) return starting(commandOffers(deps.commands), first)
  if (first === 'help') return await complete(rest, deps)
  const found = [...deps.commands].find(([name, { aliases }]) => name === first || aliases.includes(first))
  if (found === undefined) return NOTHING
  const [name, entry] = found
  return await below(await entry.load(), `iii ${name}`, rest, entry, deps)
}

/** Follows the words to the command that they name, and completes there. */
async function below(
  command: CommandDef<any>,
  path: string,
  words: readonly string[],
  entry: CommandEntry,
  deps: CompletionDeps,
): Promise<Offers> {
  const [first = '', ...rest] = words
  if (command.subCommands === undefined) return await inCommand(command, path, words, entry, deps)
  const subCommands = await resolved(command.subCommands)
  if (rest.length === 0) {
    const offers = await Promise.all(
      Object.entries(subCommands).map(async ([word, sub]) => ({
        word,
        description: (await resolved((await resolved(sub)).meta ?? {})).description ?? '',
      })),
    )
    return starting(offers, first)
  }
  if (!Object.hasOwn(subCommands, first)) return NOTHING
  return await below(await resolved(subCommands[first]!), `${path} ${first}`, rest, entry, deps)
}

async function inCommand(
  command: CommandDef<any>,
  path: string,
  words: readonly string[],
  entry: CommandEntry,
  deps: CompletionDeps,
): Promise<Offers> {
  const definitions: ArgsDef = await resolved(command.args ?? {})
  const { options, positional, open } = readWords(words.slice(0, -1), definitions)
  const current = words.at(-1) ?? ''
  const sources = entry.completes?.[path] ?? {}
  const valueOf = async (name: string, before: string): Promise<Offers> => {
    const definition = definitions[name]!
    const source = Object.hasOwn(sources, name) ? sources[name] : undefined
    const typed = current.slice(before.length)
    if (source === 'folders' || (source?.orFolder === true && /^[./~]/.test(typed)))
      return { offers: [], directive: ':folders' }
    if (source !== undefined) {
      const offers = await deps.ask(source, options)
      return starting(
        offers.map((offer) => ({ ...offer, word: before + offer.word })),
        current,
      )
    }
    const { options: choices = [], valueHint = '' } = definition as { options?: string[]; valueHint?: string }
    const listed = choices.length > 0 ? choices : /^[\w-]+(\|[\w-]+)+$/.test(valueHint) ? valueHint.split('|') : []
    if (listed.length > 0)
      return starting(
        listed.map((word) => ({ word: before + word, description: '' })),
        before + typed,
      )
    if (valueHint === 'file') return { offers: [], directive: ':files' }
    return valueHint === 'folder' ? { offers: [], directive: ':folders' } : NOTHING
  }
  if (open !== undefined) return await valueOf(open, '')
  const assigned = /^--([\w-]+)=/.exec(current)
  if (assigned !== null)
    return takesValue(definitions[assigned[1]!]) ? await valueOf(assigned[1]!, assigned[0]) : NOTHING
  if (current.startsWith('-')) return starting(optionOffers(definitions, options), current)
  const places = Object.entries(definitions).filter(([, { type }]) => type === 'positional')
  const takesMore = entry.takesWords?.includes(path) === true
  const place = places[positional.length] ?? (takesMore && path !== 'iii trigger' ? places.at(-1) : undefined)
  if (place !== undefined) return await valueOf(place[0], '')
  if (path !== 'iii trigger' || positional[0] === undefined) return NOTHING
  const members = starting(await deps.payload(positional[0], options), current)
  return { ...members, directive: members.offers.every(({ word }) => word.endsWith('=')) ? ':continue' : ':done' }
}

interface WordsBefore {
  readonly options: ReadonlyMap<string, string>
  readonly positional: readonly string[]
  /** The option whose value comes next. */
  readonly open: string | undefined
}

function readWords(words: readonly string[], definitions: ArgsDef): WordsBefore {
  const options = new Map<string, string>()
  const positional: string[] = []
  let open: string | undefined
  for (const word of words) {
    if (open !== undefined) {
      options.set(open, word)
      open = undefined
    } else if (word.startsWith('-') && word !== '-') {
      const [written = '', ...value] = word.split('=')
      const name = optionName(written, definitions)
      if (name === undefined) continue
      if (value.length > 0 || !takesValue(definitions[name])) options.set(name, value.join('='))
      else open = name
    } else {
      positional.push(word)
    }
  }
  return { options, positional, open }
}

function optionName(written: string, definitions: ArgsDef): string | undefined {
  const name = written.replace(/^--?/, '')
  if (Object.hasOwn(definitions, name)) return name
  return Object.entries(definitions).find(([, definition]) => aliasesOf(definition).includes(name))?.[0]
}

function aliasesOf(definition: ArgDef): string[] {
  return 'alias' in definition ? [definition.alias ?? []].flat() : []
}

function takesValue(definition: ArgDef | undefined): boolean {
  return definition?.type === 'string' || definition?.type === 'enum'
}

function optionOffers(definitions: ArgsDef, given: ReadonlyMap<string, string>): Offer[] {
  const offers = Object.entries(definitions).flatMap(([name, definition]) => {
    if (definition.type === 'positional' || given.has(name)) return []
    const isOn = definition.type === 'boolean' && definition.default === true
    return [{ word: isOn ? `--no-${name}` : `--${name}`, description: definition.description ?? '' }]
  })
  return 'help' in definitions ? offers : [...offers, { word: '--help', description: 'Help of this command' }]
}

function commandOffers(commands: ReadonlyMap<string, CommandEntry>): Offer[] {
  const own = [...commands].map(([word, { summary }]) => ({ word, description: summary }))
  return [
    ...own,
    { word: 'help', description: 'Help of a command' },
    { word: '--version', description: 'Print the version' },
    { word: '--help', description: 'The commands at a glance' },
  ]
}

/** Options are offered when a dash is there. */
function starting(offers: readonly Offer[], current: string): Offers {
  const fitting = offers.filter(({ word }) => word.startsWith(current) && (current !== '' || !word.startsWith('-')))
  return { offers: fitting, directive: ':done' }
}
