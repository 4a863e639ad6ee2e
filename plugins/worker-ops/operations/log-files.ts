// The log files of a worker: where they are, and their last lines (spec 05 B.2). Those of this project come first; iii's own places after it.
import { open, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { ProcessStream } from '../../../sdk/plugin.ts'
import type { OperationDeps } from './deps.ts'

/** From the end of a file. */
const MAX_SCANNED_BYTES = 1024 * 1024

export interface TailOptions {
  readonly lines: number
  /** With the escapes of terminals. */
  readonly raw: boolean
}

export async function logFolderOf(
  name: string,
  { project, env }: Pick<OperationDeps, 'project' | 'env'>,
): Promise<string | undefined> {
  const home = env['HOME'] ?? homedir()
  const folders = [
    join(home, '.iii', 'logs', name),
    join(home, '.iii', 'managed', name, 'logs'),
    join(home, '.iii', 'workers', 'logs', name),
  ]
  const own = join(project.logsDir, name)
  if ((await writtenAt(own)) > 0) return own
  const found = await Promise.all(folders.map(async (folder) => [folder, await writtenAt(folder)] as const))
  return found.filter(([, at]) => at > 0).toSorted(([, left], [, right]) => right - left)[0]?.[0]
}

export async function lastLines(
  folder: string,
  stream: ProcessStream,
  { lines, raw }: TailOptions,
): Promise<readonly string[]> {
  const text = await endOf(join(folder, `${stream}.log`))
  const all = text.replace(/\r?\n$/, '').split(/\r?\n/)
  if (lines === 0 || text === '') return []
  const last = all.slice(-lines)
  return raw ? last : last.map((line) => stripVTControlCharacters(line))
}

async function writtenAt(folder: string): Promise<number> {
  const times = await Promise.all(
    ['stdout.log', 'stderr.log'].map((file) =>
      stat(join(folder, file)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  )
  return Math.max(...times)
}

async function endOf(file: string): Promise<string> {
  const handle = await open(file).catch(() => undefined)
  if (handle === undefined) return ''
  try {
    const { size } = await handle.stat()
    const from = Math.max(0, size - MAX_SCANNED_BYTES)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from)
    const text = buffer.toString('utf8', 0, bytesRead)
    // The first line may have lost its beginning.
    return from === 0 ? text : text.slice(text.indexOf('\n') + 1)
  } catch {
    return ''
  } finally {
    await handle.close()
  }
}
