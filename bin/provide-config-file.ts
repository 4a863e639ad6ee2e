// Finds the configuration file that an engine is to start with, and creates it when there is none (spec 04 A.1).
import { locateConfig, notFound, type LocateOptions } from '../core/config/locate.ts'
import { writeStarterFile } from './starter-file.ts'

/** Shows a question on the terminal and gives the line that was typed. */
export type Ask = (question: string) => Promise<string>

/**
 * Finds the file to load, creating the starter file when there is none: after a question if `ask` is given
 * (an interactive terminal), silently otherwise. Returns null for the embedded default.
 * @throws ConfigError `Config file not found: '<path>'.` for a path that was named, or when the answer was no.
 */
export async function provideConfigFile(options: LocateOptions, ask?: Ask): Promise<string | null> {
  const location = locateConfig(options)
  if (location.kind === 'embedded') return null
  if (location.kind === 'file') return location.path
  if (location.named) throw notFound(location.path)
  if (ask !== undefined && !isYes(await ask(`No configuration file found. Create '${location.path}'? [Y/n] `))) {
    throw notFound(location.path)
  }
  writeStarterFile(location.path)
  return location.path
}

function isYes(answer: string): boolean {
  return ['', 'y', 'yes'].includes(answer.trim().toLowerCase())
}
