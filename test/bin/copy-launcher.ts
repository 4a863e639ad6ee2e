// The launcher at another place: what stands beside it there is up to the test.
import { copyFileSync, globSync } from 'node:fs'
import path from 'node:path'
import { LAUNCHER } from './run-cli.ts'

/** Absolute paths: `iii.mjs` and what it is made of. */
export function launcherFiles(): string[] {
  const folder = path.dirname(LAUNCHER)
  return globSync('*.mjs', { cwd: folder }).map((file) => path.join(folder, file))
}

export function copyLauncher(folder: string): void {
  for (const file of launcherFiles()) copyFileSync(file, path.join(folder, path.basename(file)))
}
