// How a command of the configuration becomes a process.
import { oneLine } from '../../base/values/one-line.ts'

/** A command line as the shell of this platform takes it. */
export function inShell(
  line: string,
  platform: NodeJS.Platform = process.platform,
): { readonly command: string; readonly args: readonly string[] } {
  return platform === 'win32' ? { command: 'cmd', args: ['/C', line] } : { command: 'sh', args: ['-c', line] }
}

/** Of a command in the log and in problems. */
const NAME_CHARACTERS = 100

/** What a command is called: itself, on one line and not too long. */
export function nameOf(line: string): string {
  const name = oneLine(line).trim()
  return name.length > NAME_CHARACTERS ? `${name.slice(0, NAME_CHARACTERS - 1)}…` : name
}

/** Variables by which a worker finds the engine; one that is set already stays. */
export function urlVariables(
  url: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<Record<string, string>> {
  const missing = ['III_URL', 'III_ENGINE_URL'].filter((name) => (env[name] ?? '') === '')
  return Object.fromEntries(missing.map((name) => [name, url]))
}
