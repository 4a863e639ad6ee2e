// A Node that is too old to run the engine, as many machines have it: the launcher then looks for another.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { NEEDED_MAJOR } from '../bin/node-options.mjs'

/** That of `III_BENCH_OLDER_NODE`, else the first on PATH; undefined where there is none. */
export function olderNode(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = env['III_BENCH_OLDER_NODE']
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder))
  const onPath = folders.map((folder) => join(folder, process.platform === 'win32' ? 'node.exe' : 'node'))
  return (named === undefined ? onPath : [named]).find((file) => existsSync(file) && majorOf(file) < NEEDED_MAJOR)
}

/** NaN for what is no Node, which is neither older nor newer. */
function majorOf(file: string): number {
  const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 5_000 })
  return Number(/^v(\d+)\./.exec(stdout ?? '')?.[1])
}
