// docs/reference/cli.md from the definitions of the commands.
import { stripVTControlCharacters } from 'node:util'
import { renderUsage, type CommandDef } from 'citty'
import { commandTable, NOT_PROVIDED, type CommandEntry } from '../../bin/command-table.ts'
import { exampleLines } from '../../bin/help.ts'
import type { BuiltIn } from '../../sdk/built-in.ts'

export async function cliReference(builtIns: readonly BuiltIn[]): Promise<string> {
  const sections = await Promise.all(
    [...commandTable(builtIns)].map(async ([name, entry]) => section(`iii ${name}`, await entry.load(), entry)),
  )
  return [
    '# Commands',
    '',
    '`iii` without a command is `iii start`. Exit codes: 0 done, 1 failed, 2 wrong command line, 3 no engine answers (`iii health` alone), 130 stopped by a second Ctrl-C (143 by a second `SIGTERM`).',
    'Results go to stdout, everything else to stderr. Colours appear on a terminal only, and not where `NO_COLOR` is set.',
    'What a command does not know, and what is empty, surplus or given twice, is refused with exit code 2. `iii help COMMAND` shows its help.',
    'What `key=value` means: [payloads on the command line](trigger-payload.md). Variables: [environment](diagnostics.md#environment).',
    'Generated from `bin/commands/` by `npm run docs`.',
    '',
    ...sections.flat(),
    '## Commands of iii that are not provided',
    '',
    'They exit with code 1 and say what to do instead.',
    '',
    '| command | instead |',
    '|---|---|',
    ...[NOT_PROVIDED, ...[...commandTable(builtIns).values()].map(({ notProvided = {} }) => notProvided)]
      .flatMap((table) => Object.entries(table))
      .map(([path, instead]) => `| \`${path}\` | ${instead} |`),
    '',
  ].join('\n')
}

async function section(
  path: string,
  command: CommandDef<any>,
  { aliases, examples }: Pick<CommandEntry, 'aliases' | 'examples'>,
  level = 2,
): Promise<string[]> {
  const meta = await resolved(command.meta ?? {})
  const usage = stripVTControlCharacters(await renderUsage({ ...command, meta: { ...meta, name: path } }))
  const also = aliases.length === 0 ? [] : [`Also: ${aliases.map((alias) => `\`iii ${alias}\``).join(', ')}.`, '']
  // The first line repeats the description and the name, which are the text and the heading here.
  const lines = usage
    .split('\n')
    .slice(2)
    .map((line) => line.trimEnd())
  const body = lines
    .join('\n')
    .replace(/\n{2,}/g, '\n\n')
    .trim()
  const own = [
    `${'#'.repeat(level)} ${path}`,
    '',
    `${meta.description ?? ''}.`,
    '',
    ...also,
    '```text',
    [body, ...examplesOf(path, examples)].join('\n\n'),
    '```',
    '',
  ]
  const subCommands = Object.entries(await resolved(command.subCommands ?? {}))
  const below = await Promise.all(
    subCommands.map(async ([name, subCommand]) =>
      section(`${path} ${name}`, await resolved(subCommand), { ...(examples && { examples }), aliases: [] }, level + 1),
    ),
  )
  return [...own, ...below.flat()]
}

function examplesOf(path: string, added: CommandEntry['examples']): string[] {
  const lines = exampleLines(path, added)
  return lines.length === 0 ? [] : ['EXAMPLES', lines.join('\n')]
}

function resolved<T>(value: T | Promise<T> | (() => T) | (() => Promise<T>)): Promise<T> {
  return Promise.resolve(typeof value === 'function' ? (value as () => T | Promise<T>)() : value)
}
