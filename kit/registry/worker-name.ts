// How workers and their versions may be called (spec 05 B.3): such names become parts of paths and addresses.
import { RegistryError } from './registry-error.ts'

export const WORKER_NAME = /^(?!\.)(?!.*\.\.)[A-Za-z0-9._-]{1,128}$/
/** An exact version as a folder is called. */
export const VERSION_NAME = /^(?!\.)(?!.*\.\.)[A-Za-z0-9.+_-]{1,128}$/

/** The name without blanks around it. @throws RegistryError `invalid` */
export function checkedName(name: unknown): string {
  if (typeof name !== 'string') throw new RegistryError('invalid', '`name` must be a text.')
  const trimmed = name.trim()
  if (trimmed === '') throw new RegistryError('invalid', 'name must be non-empty.')
  if (!WORKER_NAME.test(trimmed))
    throw new RegistryError(
      'invalid',
      `${JSON.stringify(shown(trimmed))} is no name of a worker: it may have letters, digits, ".", "_" and "-", does not begin with "." and has no "..".`,
    )
  return trimmed
}

/** Names from outside in messages. */
export function shown(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
