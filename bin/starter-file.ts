// The text of the default configuration: the packaged `iii-config.yaml`, which is also what a new project gets.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { fileError } from '../core/config/config-error.ts'

// The package root is one level up from the sources and two from `dist/bin`.
const CANDIDATES = ['../iii-config.yaml', '../../iii-config.yaml']

export function starterText(): string {
  const paths = CANDIDATES.map((relative) => fileURLToPath(new URL(relative, import.meta.url)))
  const path = paths.find((candidate) => existsSync(candidate))
  if (path === undefined) {
    throw fileError(
      paths[0] ?? '',
      `The packaged 'iii-config.yaml' is missing: looked at ${paths.join(' and ')}.`,
      'Install the package again.',
    )
  }
  return withoutAddedWorkers(readFileSync(path, 'utf8'))
}

/** A checkout is a project too: the folders that `iii worker add` has put into its file are no part of a new one. */
export function withoutAddedWorkers(text: string): string {
  return text.replace(/^ {2}- name: .*\n {4}worker_path: .*\n(?: {4,}.*\n)*/gm, '')
}

/** Never overwrites: a file that appeared meanwhile is somebody's, and is kept. */
export function writeStarterFile(path: string): void {
  try {
    writeFileSync(path, starterText(), { flag: 'wx' })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    throw fileError(
      path,
      `Failed to create config file '${path}': ${message}`,
      'Make the directory writable, or run with --use-default-config.',
      error,
    )
  }
}
