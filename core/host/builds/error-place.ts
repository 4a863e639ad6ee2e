// Where in a plugin's own files an error arose, read from its stack: what its author looks for first.
import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PluginSource } from '../table/plugin-source.ts'

/** `at name (file:line:column)` or `at file:line:column`; source maps have been applied. */
const FRAME = /^\s*at (?:.* \()?(.+):(\d+):(\d+)\)?$/

/** `plugins/hello.ts:14:11`, relative to `root`; undefined when the stack does not touch the plugin's files. */
export function errorPlace(
  stack: string,
  { path, entryFile }: Pick<PluginSource, 'path' | 'entryFile'>,
  root: string,
): string | undefined {
  for (const line of stack.split('\n')) {
    const [, written, lineNumber, column] = FRAME.exec(line) ?? []
    if (written === undefined) continue
    const file = written.startsWith('file:') ? fileURLToPath(written) : written
    if (file === entryFile || file.startsWith(path + sep)) return `${relative(root, file)}:${lineNumber}:${column}`
  }
  return undefined
}
