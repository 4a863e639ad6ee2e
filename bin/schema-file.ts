// The JSON Schema of a configuration file in a file of its own beside it, where editors find it without a network.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { isRecord } from '../base/values/is-record.ts'
import { writeWhole } from '../base/files/atomic-file.ts'
import { SCHEMA_TITLE } from '../core/config/file-schema.ts'
import { CommandFailure } from './exit-codes.ts'

export const SCHEMA_FILE_NAME = 'iii-config.schema.json'

/** The line of a configuration file that leads an editor there. */
const LEAD = `# yaml-language-server: $schema=./${SCHEMA_FILE_NAME}`

/**
 * Replaces what was written before, and nothing else.
 * @returns what to tell.
 * @throws CommandFailure when something else is there, or it can't be written.
 */
export async function writeSchema(configFile: string, text: string): Promise<string[]> {
  const file = path.join(path.dirname(configFile), SCHEMA_FILE_NAME)
  const shown = path.relative(process.cwd(), file) || file
  const before = textOf(file)
  if (before !== undefined && !isSchema(before))
    throw new CommandFailure(`Error: ${shown} is not a schema that was written here; nothing was written.`)
  await writeWhole(file, text).catch((error: Error) => {
    throw new CommandFailure(`Error: ${shown} can't be written: ${error.message}`, { cause: error })
  })
  const config = textOf(configFile)
  const isLed = config === undefined || /^#\s*yaml-language-server:\s*\$schema=/m.test(config)
  const hint = [`Editors look for it by a line at the top of ${path.basename(configFile)}:`, `  ${LEAD}`]
  return [`Wrote ${shown}.`, ...(isLed ? [] : hint)]
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new CommandFailure(`Error: ${file} can't be read: ${(error as Error).message}`, { cause: error })
  }
}

function isSchema(text: string): boolean {
  try {
    const schema: unknown = JSON.parse(text)
    return isRecord(schema) && schema['title'] === SCHEMA_TITLE
  } catch {
    return false
  }
}
