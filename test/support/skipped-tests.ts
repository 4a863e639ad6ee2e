// Says at the end of a run which tests were skipped because the machine lacks something, why, and how to have them run.
import path from 'node:path'
import { NEEDS, type Need, type NeedName } from './needs.ts'

/** What this file looks at of the tasks of vitest. */
export interface Task {
  readonly name: string
  readonly mode?: string
  readonly result?: { readonly state?: string; readonly note?: string | undefined } | undefined
  readonly tasks?: readonly Task[]
}

export interface TestFile extends Task {
  readonly filepath: string
  readonly projectName?: string | undefined
}

interface Run {
  readonly name: string
  readonly vitest: {
    readonly state: { getFiles(): readonly TestFile[] }
    readonly vite: { readonly config: { readonly configFile?: string | undefined } }
  }
}

interface Skipped {
  tests: number
  readonly files: Set<string>
}

/** Beyond this many the command names the whole run. */
const NAMED_FILES = 4

/** `globalSetup` of vitest: what it returns runs at the end. */
export default function setup(run: Run): () => void {
  return () => {
    const root = process.cwd()
    const { configFile } = run.vitest.vite.config
    const config = configFile === undefined ? '' : path.relative(root, configFile)
    const files = run.vitest.state.getFiles().filter(({ projectName }) => (projectName ?? '') === run.name)
    for (const line of skippedLines(files, { root, config })) console.log(line)
  }
}

/** @param config the configuration of the run, relative to `root`. */
export function skippedLines(files: readonly TestFile[], { root, config }: { root: string; config: string }): string[] {
  const byReason = new Map<string, Skipped>()
  for (const file of files) {
    for (const reason of reasonsIn(file)) {
      const skipped = byReason.get(reason) ?? { tests: 0, files: new Set() }
      skipped.tests++
      skipped.files.add(path.relative(root, file.filepath))
      byReason.set(reason, skipped)
    }
  }
  return [...byReason].map(([reason, { tests, files: named }]) => {
    const where = named.size > NAMED_FILES ? '' : ` ${[...named].sort().join(' ')}`
    const how = config === '' || config === 'vitest.config.ts' ? '' : ` --config ${config}`
    return `Skipped ${tests === 1 ? '1 test' : `${tests} tests`}: ${reason}; then: npx vitest run${how}${where}`
  })
}

/** One per skipped test that says what it needs. Those that were not asked for, with `-t` for example, say nothing. */
function* reasonsIn(task: Task, titles = ''): Generator<string> {
  const path = `${titles} ${task.name}`
  if (task.tasks !== undefined) {
    for (const inside of task.tasks) yield* reasonsIn(inside, path)
    return
  }
  const { note, state = task.mode } = task.result ?? {}
  if (state !== 'skip') return
  if (note !== undefined && note !== '') return yield note
  const lacking = needsIn(path).filter((name) => !NEEDS[name].isThere())
  if (lacking.length > 0) yield lacking.map(reasonOf).join('; ')
}

/** What titles of a test say that it needs: `… (needs redis-server and openssl)`. */
export function needsIn(titles: string): readonly NeedName[] {
  const said = [...titles.matchAll(/\bneeds ([^)'"`]+)/g)].map(([, names = '']) => names)
  return (Object.keys(NEEDS) as NeedName[]).filter((name) => said.some((names) => names.includes(name)))
}

export function reasonOf(name: NeedName): string {
  const { missing, remedy }: Need = NEEDS[name]
  return `there is ${missing}; ${remedy}`
}
