// Checks of an entry against what the plugin declares (spec 09 §1). Pure; all problems at once, each at its key, in words for the user.
import type { JsonPath } from '../../../base/values/json-path.ts'
import { needsProcess, type EntryProblem } from '../../config/entry-problem.ts'
import type { WorkerEntry } from '../../config/types.ts'
import { isSeatName } from '../../../protocol/seats.ts'
import type { Isolation } from '../../../sdk/plugin.ts'
import type { PluginDeclaration } from '../builds/bundle.ts'
import type { PluginSource } from './plugin-source.ts'

export function isolationOf(entry: WorkerEntry, declaration: PluginDeclaration): Isolation {
  return entry.isolation ?? declaration.isolation ?? 'thread'
}

/** @param canDenyNetwork whether the running Node can (from 26 on). */
export function checkEntry(
  source: PluginSource,
  entry: WorkerEntry,
  declaration: PluginDeclaration,
  canDenyNetwork: boolean,
): EntryProblem[] {
  const problems: EntryProblem[] = []
  const add = (path: JsonPath, message: string): unknown => problems.push({ path, message })
  const isolation = isolationOf(entry, declaration)
  if (declaration.name !== source.name) {
    add(
      [],
      `the plugin in ${source.entryFile} is named '${source.name}' by its file but '${declaration.name}' in definePlugin; make them equal`,
    )
  }
  if (entry.replicas > 1 && !declaration.overlap) {
    add(
      ['replicas'],
      `'replicas: ${entry.replicas}' needs a plugin that declares 'overlap: true'; '${source.name}' does not`,
    )
  }
  if (entry.permissions !== undefined && isolation !== 'process') {
    problems.push(needsProcess(entry.writtenName, isolation))
  }
  if (entry.permissions?.net === false && isolation === 'process' && !canDenyNetwork) {
    add(
      ['permissions', 'net'],
      `'permissions.net: false' needs a Node that can deny network access (26 or later); this is ${process.version}`,
    )
  }
  for (const seat of declaration.seats) {
    if (!isSeatName(seat)) add([], `'${source.name}' claims the seat '${seat}', which does not exist`)
    else if (!source.builtIn && !source.replaces) {
      add([], `'${source.name}' claims the seat '${seat}', which only built-in plugins and their replacements may hold`)
    }
  }
  return problems
}
