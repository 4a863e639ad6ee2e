// `iii --help`: the commands at a glance. Built from the command table, so nothing is missing here.
import { ENGINE_VERSION } from '../core/version.ts'
import type { CommandEntry } from './command-table.ts'

/** @param name how the CLI is called. */
export function rootHelp(commands: ReadonlyMap<string, CommandEntry>, name: string): string {
  const rows = [...commands].map(([name, { aliases, summary }]) => [[name, ...aliases].join(', '), summary] as const)
  const width = Math.max(...rows.map(([names]) => names.length))
  return [
    `iii-host ${ENGINE_VERSION}: an engine for the iii worker mesh`,
    '',
    `Usage: ${name} [COMMAND] [OPTIONS]`,
    '',
    'Commands:',
    ...rows.map(([names, summary]) => `  ${names.padEnd(width)}  ${summary}`),
    '',
    'Options:',
    '  -c, --config FILE  configuration file; default: III_CONFIG_PATH, else iii-config.yaml in this folder',
    '  -v, --version      print the version',
    `  -h, --help         help; of a command with examples: ${name} help trigger`,
    '',
    'Exit codes: 0 done, 1 failed, 2 wrong command line, 3 no engine answers (health alone).',
  ].join('\n')
}
