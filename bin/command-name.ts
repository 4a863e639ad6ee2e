// How this CLI is called in the shell of whoever runs it, so that what a hint says can be typed: `iii` is on the PATH of few.
import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { BUILT_INS } from '../plugins/built-ins.ts'
import { commandTable } from './command-table.ts'

export interface CallSite {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** The launcher, as it was named to Node. */
  readonly script: string
  readonly platform: NodeJS.Platform
}

/** `iii` where a shell finds it, else `npx iii`, else the launcher with Node. */
export function commandName({ env, cwd, script, platform }: CallSite = here()): string {
  const launcher = realPath(script)
  if (launcher === undefined) return 'iii'
  const isOurs = (file: string): boolean =>
    platform === 'win32' ? existsSync(`${file}.cmd`) : realPath(file) === launcher
  if (foldersOfShell(env).some((folder) => isOurs(path.join(folder, 'iii')))) return 'iii'
  // npx has fetched the package into a place of its own.
  if (/[\\/]_npx[\\/]/.test(launcher)) return 'npx iii-host'
  if (foldersUpward(cwd).some((folder) => isOurs(path.join(folder, 'node_modules', '.bin', 'iii')))) return 'npx iii'
  const relative = path.relative(cwd, launcher)
  return `node ${relative.startsWith('..') ? launcher : relative}`
}

/** What stands before a line that is to be typed: a quote, the start of a line, `Try: `, a variable. What tells of a command stays. */
const BEFORE = /(?<=['`"]|^ *|: |USAGE |Use |III_\w+=\S+ )/

/** A text for people in which every `iii COMMAND` that is to be typed is as it can be. */
export function asTyped(text: string, name = commandName()): string {
  const words = [...commandTable(BUILT_INS)].flatMap(([command, { aliases }]) => [command, ...aliases])
  const call = new RegExp(`${BEFORE.source}iii (?=(?:${words.join('|')}|help|--help)(?![\\w-]))`, 'gm')
  return text.replace(call, () => `${name} `)
}

function here(): CallSite {
  return { env: process.env, cwd: process.cwd(), script: process.argv[1] ?? '', platform: process.platform }
}

/** npm and npx put folders before the PATH of what they run, which the shell does not have. */
function foldersOfShell(env: CallSite['env']): string[] {
  const isRunByNpm = (env['npm_execpath'] ?? env['npm_command']) !== undefined
  return (env['PATH'] ?? env['Path'] ?? '')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder) && !(isRunByNpm && /[\\/]node_modules[\\/]\.bin[\\/]?$/.test(folder)))
}

function foldersUpward(from: string): string[] {
  const parent = path.dirname(from)
  return parent === from ? [from] : [from, ...foldersUpward(parent)]
}

function realPath(file: string): string | undefined {
  try {
    return realpathSync(file)
  } catch {
    return undefined
  }
}
