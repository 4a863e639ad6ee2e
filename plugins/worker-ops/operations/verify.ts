// `iii worker verify` (spec 05 B.7): whether `iii.lock` pins every worker of a registry that the configuration names, for this system;
// `strict`: and whether what is pinned fits what was declared. Nothing is fetched, nothing changes. Pins of other workers are no problem.
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { builtInWorker } from '../built-in-workers.ts'
import type { PlannedWorker, WorkerInstaller } from '../installing.ts'
import { configuredEntries } from './installed.ts'
import type { OperationDeps } from './deps.ts'
import { OperationInput } from './input.ts'

export interface VerifyOutcome {
  readonly verified: boolean
  readonly problems: readonly VerifyProblem[]
}

export interface VerifyProblem {
  readonly worker: string
  /** A whole sentence that says what to do. */
  readonly problem: string
  readonly expected: string
  readonly found: string | null
}

/** Files that are a plugin of the project, after its name. */
const PLUGIN_ENDINGS = ['', '.ts', '.mts', '.cts', '.js', '.mjs', '.cjs']

/** Input: `strict`. @throws W150 for a lock file that is broken */
export async function verify(data: unknown, deps: OperationDeps): Promise<VerifyOutcome> {
  const strict = new OperationInput('worker::verify', data).flag('strict')
  const installer = await deps.installer()
  const pinned = new Set(await installer.pinnedNames())
  const problems: VerifyProblem[] = []
  for (const { name, worker_path: path } of await configuredEntries(deps)) {
    if (path !== undefined || builtInWorker(name) !== undefined || (await isPlugin(name, deps))) continue
    const problem = await pinProblem(name, pinned, installer)
    if (problem !== undefined) problems.push(problem)
  }
  if (strict) problems.push(...(await rangeProblems(installer)))
  return { verified: problems.length === 0, problems }
}

async function pinProblem(
  worker: string,
  pinned: ReadonlySet<string>,
  installer: WorkerInstaller,
): Promise<VerifyProblem | undefined> {
  if (!pinned.has(worker)) {
    const problem = `'${worker}' is in the configuration, but iii.lock does not pin it. Run \`iii worker add ${worker}\`.`
    return { worker, problem, expected: 'a pinned version', found: null }
  }
  const lacking = await installer.lackingTarget(worker)
  if (lacking === undefined) return undefined
  const problem = `iii.lock pins no binary of '${worker}' for ${lacking.target}. Run \`iii worker update ${worker}\`.`
  return { worker, problem, expected: lacking.target, found: lacking.pinned.join(', ') }
}

/** What is declared in the lock file, and what pinned workers say of each other. */
async function rangeProblems(installer: WorkerInstaller): Promise<VerifyProblem[]> {
  const { satisfies, validRange } = (await import('semver')).default
  const pinned = new Map<string, PlannedWorker>()
  for (const name of await installer.pinnedNames()) {
    const worker = await installer.pinned(name)
    if (worker !== undefined) pinned.set(name, worker)
  }
  const problems: VerifyProblem[] = []
  const check = (by: string, worker: string, range: string): void => {
    const found = pinned.get(worker)
    // A part of the engine is as old as the engine.
    if (found?.type === 'engine' || (found === undefined && builtInWorker(worker) !== undefined)) return
    if (found !== undefined && (validRange(range) === null || satisfies(found.version, range))) return
    const what = found === undefined ? 'pins none' : `pins ${found.version}`
    const problem = `${by} wants ${worker} ${range}, but iii.lock ${what}. Run \`iii worker add ${worker}\`.`
    problems.push({ worker, problem, expected: range, found: found?.version ?? null })
  }
  for (const [worker, range] of Object.entries((await installer.declaredDependencies()) ?? {})) {
    check('The project', worker, range)
  }
  for (const [name, { pin }] of pinned) {
    for (const [worker, range] of Object.entries(pin?.dependencies ?? {})) check(`'${name}'`, worker, range)
  }
  return problems
}

async function isPlugin(name: string, { engine, project }: OperationDeps): Promise<boolean> {
  if (engine !== undefined) return (await engine.plugins()).has(name)
  for (const ending of PLUGIN_ENDINGS) {
    const isThere = await access(join(project.root, 'plugins', name + ending)).then(
      () => true,
      () => false,
    )
    if (isThere) return true
  }
  return false
}
