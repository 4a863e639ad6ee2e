// A Node that is too old for the engine, as most systems still have one: what the launcher is for.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Path of a Node from 18 to 23: III_TEST_OLD_NODE, else that of the system; undefined when there is none. */
export function findOldNode(): string | undefined {
  const named = process.env['III_TEST_OLD_NODE']
  const files = named === undefined ? ['/usr/bin/node', '/usr/local/bin/node'] : [named]
  return files.find((file) => {
    if (!existsSync(file)) return false
    const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 5_000 })
    const major = Number.parseInt(stdout.slice(1), 10)
    return major >= 18 && major < 24
  })
}
