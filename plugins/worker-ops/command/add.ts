// `iii worker add` and `iii worker reinstall`: from a registry, or from a folder.
import { existsSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { defineCommand, type CommandDef } from 'citty'
import type { CommandTools } from '../../../sdk/built-in.ts'
import { MANIFEST_FILE } from '../manifest/manifest.ts'
import type { WorkerEvent } from '../events.ts'
import type { AddOutcome } from '../operations/add.ts'
import { PLACE_ARGS, WAIT_ARG, YES_ARG, type Args } from './arguments.ts'
import { confirmed } from './confirmed.ts'
import { onRoad } from './on-road.ts'
import { operationProblem, shownFailure } from './operation-failure.ts'
import { Progress } from './progress.ts'
import type { Road } from './road.ts'
import { typedWords } from './typed-words.ts'

const WORKERS_ARG = {
  worker: {
    type: 'positional',
    required: true,
    description: 'NAME, NAME@VERSION, or a folder with an iii.worker.yaml; several are added one after the other',
  },
} as const
const RESET_ARG = {
  'reset-config': { type: 'boolean', default: false, description: 'Forget the settings in its entry' },
} as const

export function add(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'add', description: 'Install workers, put them into the configuration and start them' },
    args: {
      ...WORKERS_ARG,
      force: {
        type: 'boolean',
        alias: 'f',
        default: false,
        description: 'Install it anew, in the place of one that is there',
      },
      ...RESET_ARG,
      ...WAIT_ARG,
      ...YES_ARG,
      ...PLACE_ARGS,
    },
    run: ({ args }) => addAll(tools, args, { force: args.force, wait: args.wait }),
  })
}

export function reinstall(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'reinstall', description: 'The same as add --force --no-wait' },
    args: { ...WORKERS_ARG, ...RESET_ARG, ...YES_ARG, ...PLACE_ARGS },
    run: ({ args }) => addAll(tools, args, { force: true, wait: false }),
  })
}

interface AddOptions {
  readonly force: boolean
  readonly wait: boolean
}

async function addAll(tools: CommandTools, args: Args, options: AddOptions): Promise<number> {
  if (args['reset-config'] === true && !options.force)
    throw tools.failure('--reset-config is a part of --force; give both', { isUsage: true })
  return await onRoad(tools, args, async (road) => {
    for (const word of args['_'] as string[]) await addOne(tools, road, word, args, options)
    return 0
  })
}

async function addOne(
  tools: CommandTools,
  road: Road,
  word: string,
  args: Args,
  { force, wait }: AddOptions,
): Promise<void> {
  const source = sourceOf(word, tools.cwd, road.kind === 'remote')
  const input = { source, force, reset_config: args['reset-config'] === true, wait }
  const run = async (yes: boolean): Promise<AddOutcome> => {
    const progress = new Progress(tools)
    try {
      return (await road.run('worker::add', { ...input, yes }, (event) => {
        if (event.operation === 'add') progress.event(shownAs(word, event, source))
      })) as AddOutcome
    } finally {
      progress.end()
    }
  }
  const isYes = args['yes'] === true
  const outcome = await run(isYes).catch(async (error: unknown) => {
    const problem = operationProblem(error)
    // So many that somebody has to want it.
    if (problem?.code !== 'W104' || isYes || tools.ask === undefined) throw withYes(tools, error)
    if (!(await confirmed(tools, problem.text, 'Go on?'))) throw tools.failure('Nothing was changed.')
    return await run(true)
  })
  tools.print(tools.typed(addedLine(outcome, road, wait)))
}

/** By what the user has typed, until its name is known. */
function shownAs(word: string, event: WorkerEvent, source: WrittenSource): WorkerEvent {
  return source.kind === 'local' && event.worker === source.path ? { ...event, worker: word } : event
}

function withYes(tools: CommandTools, error: unknown): unknown {
  const problem = operationProblem(error)
  if (problem?.code !== 'W104') return shownFailure(tools, error)
  return tools.failure(`Error: ${problem.text}\nTo want it: --yes`, { cause: error })
}

type WrittenSource =
  | { readonly kind: 'registry'; readonly name: string; readonly version?: string }
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'oci'; readonly reference: string }

/**
 * What an argument means (spec 05 C.3).
 * @param isRemote paths are those of another machine, so that nothing is looked up here.
 */
export function sourceOf(word: string, cwd: string, isRemote: boolean): WrittenSource {
  if (/^[./~]/.test(word) || (!isRemote && isWorkerFolder(path.resolve(cwd, word)))) {
    if (isRemote) return { kind: 'local', path: word }
    const fromHome = word === '~' || word.startsWith('~/')
    return { kind: 'local', path: fromHome ? path.join(homedir(), word.slice(1)) : path.resolve(cwd, word) }
  }
  if (/[/:]/.test(word)) return { kind: 'oci', reference: word }
  const [name = '', ...version] = word.split('@')
  return { kind: 'registry', name, ...(version.length > 0 && { version: version.join('@') }) }
}

function isWorkerFolder(folder: string): boolean {
  try {
    return statSync(folder).isDirectory() && existsSync(path.join(folder, MANIFEST_FILE))
  } catch {
    return false
  }
}

const DONE: Readonly<Record<AddOutcome['status'], string>> = {
  installed: 'is added',
  already_current: 'is there already',
  repaired: 'is repaired',
  replaced: 'is replaced',
}

function addedLine({ name, version, status, awaited_ready, hint }: AddOutcome, road: Road, wait: boolean): string {
  const what = `${name}${version === undefined ? '' : ` ${version}`} ${DONE[status]}`
  if (road.kind === 'files') return `${what}; it runs when the engine is started.`
  if (awaited_ready) return `${what} and can be called.`
  if (!wait) return `${what}.`
  return `${what}, but can not be called yet. ${hint === undefined ? `'iii worker status ${name}' shows how it gets on.` : typedWords(hint, name)}`
}
