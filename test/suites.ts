// Which test files start processes, threads or whole engines, and which share one process: the two suites of `npm test`.
// Told by what a file imports, directly or by way of other files of the tests, so that nobody keeps a list.
import { globSync } from 'node:fs'
import { importsOf, ROOT } from './repository/source-files.ts'

/** Run by configurations of their own, or no tests. */
const ELSEWHERE = /^test\/(long|interop|package|examples|fixtures)\//
/** What starts processes and threads, and modules of ours that do. */
const STARTS_SOMETHING = /^(node:)?(child_process|worker_threads|cluster)$|^tinypool$|^playwright/
const STARTS_PLUGINS =
  /^core\/(engine|running-engine|host\/plugin-host|host\/containers\/(containers|host-thread|host-process|thread-pool)|host\/builds\/build)\.ts$|^index\.ts$/

/** Files that change things of a whole process, where those of the quick suite share theirs, or start one without an import that tells. */
const NEEDS_ITS_OWN = /^test\/(clients\/telemetry-\d+|testing\/plugin-processes)\.test\.ts$/

export type Suite = 'quick' | 'processes'

/** The files of a suite, relative to the root of the repository. */
export function filesOf(suite: Suite): string[] {
  const files = globSync('test/**/*.test.ts', { cwd: ROOT }).filter((file) => !ELSEWHERE.test(file))
  return files.filter((file) => suiteOf(file) === suite).sort()
}

export function suiteOf(file: string): Suite {
  return NEEDS_ITS_OWN.test(file) || startsSomething(file, new Set()) ? 'processes' : 'quick'
}

function startsSomething(file: string, seen: Set<string>): boolean {
  if (seen.has(file)) return false
  seen.add(file)
  return importsOf(file).some(({ specifier, target, typeOnly }) => {
    if (typeOnly) return false
    if (target === undefined) return STARTS_SOMETHING.test(specifier)
    return STARTS_PLUGINS.test(target) || (/^(test|bench)\//.test(target) && startsSomething(target, seen))
  })
}
