// The function `<worker>::backup` of a worker that keeps its data in a store file. It writes wherever the engine may, so sessions reach
// it by its exact id alone (`exactGrants` in `about.ts` of the worker).
import { resolve } from 'node:path'
import { CodedError } from '../../protocol/errors.ts'
import type { BuiltInFunction } from '../functions/built-in-function.ts'
import { objectSchema } from '../functions/function-schemas.ts'
import { Backups, type CopyStore } from './backups.ts'

export interface BackupFunctionOptions {
  readonly id: string
  /** What is copied, for the listings: `all values`. */
  readonly content: string
  /** The code of a failure. */
  readonly errorCode: string
}

export interface BackupFunctionDeps {
  /** Undefined = the adapter in use keeps no file here. */
  readonly copy: CopyStore | undefined
  /** What relative paths refer to. */
  readonly projectRoot: string
  readonly log: { info(message: string, data?: unknown): void }
}

interface BackupInput {
  readonly file: string
  readonly waitMs: number | undefined
}

export function backupFunction(
  { id, content, errorCode }: BackupFunctionOptions,
  { copy, projectRoot, log }: BackupFunctionDeps,
): BuiltInFunction<BackupInput> {
  const backups = copy === undefined ? undefined : new Backups(copy)
  return {
    id,
    description: `Copies ${content} into a new file on the machine of the engine, while they are in use. Asked again for the same file it tells how far it is.`,
    request: objectSchema(
      {
        file: { type: 'string', description: 'Path of a file that does not exist; relative to the project root.' },
        wait_ms: {
          type: ['number', 'null'],
          minimum: 0,
          description: 'Answer after this time, done or not. Default: when it is done.',
        },
      },
      ['file'],
    ),
    response: objectSchema(
      {
        file: { type: 'string' },
        state: { enum: ['running', 'done'] },
        progress: { type: 'number', description: 'From 0 to 1.' },
        bytes: { type: 'integer', description: 'Size of the file; 0 while it is not there.' },
        ms: { type: 'integer', description: 'Time that it has taken.' },
      },
      ['file', 'state', 'progress', 'bytes', 'ms'],
    ),
    decode(input, reader) {
      const file = reader.string(input, 'file')
      const waitMs = input['wait_ms'] ?? undefined
      if (file === '') throw new CodedError('deserialization_error', `${id}: member \`file\` is empty: name a file.`)
      if (waitMs !== undefined && !(Number.isInteger(waitMs) && (waitMs as number) >= 0)) {
        throw new CodedError(
          'deserialization_error',
          `${id}: member \`wait_ms\` must be a number of milliseconds, got ${JSON.stringify(waitMs)}`,
        )
      }
      return { file: resolve(projectRoot, file), waitMs: waitMs as number | undefined }
    },
    async run({ file, waitMs }) {
      if (backups === undefined) {
        throw new CodedError(
          errorCode,
          'The data are not in a file of this engine: the adapter in use keeps them in memory or elsewhere. Make the copy where they are.',
        )
      }
      try {
        const made = await backups.make(file, waitMs)
        if (made.state === 'done') log.info('A backup was made.', { file, bytes: made.bytes, ms: made.ms })
        return made
      } catch (cause) {
        if (cause instanceof CodedError) throw cause
        throw new CodedError(errorCode, cause instanceof Error ? cause.message : String(cause), { cause })
      }
    },
  }
}
