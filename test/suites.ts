// Which test files start processes, threads or whole engines, and which do not: the two suites of `npm test`.
// Told by what a file imports, directly or by way of other files of the tests, so that nobody keeps a list.
import { globSync } from 'node:fs'
import { importsOf, ROOT } from './repository/source-files.ts'

/** Run by configurations of their own, or no tests. */
const ELSEWHERE = /^test\/(long|interop|package|examples|fixtures)\//
/** What starts processes and threads, and modules of ours that do. */
const STARTS_SOMETHING = /^(node:)?(child_process|worker_threads|cluster)$|^tinypool$|^playwright/
const STARTS_PLUGINS =
  /^core\/(engine|running-engine|host\/plugin-host|host\/containers\/(containers|host-thread|host-process|thread-pool)|host\/builds\/build)\.ts$|^index\.ts$|^plugins\/worker-ops\/install\/installer\.ts$/

/** Start some by a plugin in their own process, which no import tells. */
const STARTS_BY_A_PLUGIN = /^test\/(testing\/plugin-processes|plugins\/exec\/(pipeline|watch))\.test\.ts$/
/** Files that change something for good in the process that runs them, which others share; or that measure it, threads of others included. */
const NEEDS_ITS_OWN = /^test\/(clients\/telemetry-\d+|bench\/measure\/process-tree)\.test\.ts$/

/** `processes-apart` is part of the suite with processes: each of its files gets one of its own. */
export type Suite = 'quick' | 'processes' | 'processes-apart'

/** The files of a suite, relative to the root of the repository. */
export function filesOf(suite: Suite): string[] {
  const files = globSync('test/**/*.test.ts', { cwd: ROOT }).filter((file) => !ELSEWHERE.test(file))
  return files.filter((file) => suiteOf(file) === suite).sort()
}

export function suiteOf(file: string): Suite {
  if (NEEDS_ITS_OWN.test(file)) return 'processes-apart'
  return STARTS_BY_A_PLUGIN.test(file) || startsSomething(file, new Set()) ? 'processes' : 'quick'
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
