// `iii worker update`, `sync` and `verify`: the versions of workers that came from a registry.
import { defineCommand, type CommandDef } from 'citty'
import type { CommandTools } from '../../../sdk/built-in.ts'
import type { SyncOutcome } from '../operations/sync.ts'
import type { VerifyOutcome } from '../operations/verify.ts'
import { PLACE_ARGS } from './arguments.ts'
import { inProcess } from './in-process.ts'
import { onRoad } from './on-road.ts'
import { shownFailure } from './operation-failure.ts'
import { Progress } from './progress.ts'

export function update(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'update', description: 'Bring workers of a registry to their latest version' },
    args: {
      worker: { type: 'positional', required: false, description: 'Name of a worker (Default: all)' },
      ...PLACE_ARGS,
    },
    run: ({ args }) =>
      onRoad(tools, args, async (road) => {
        const progress = new Progress(tools)
        const input = args.worker === undefined ? {} : { names: [args.worker] }
        const { updated } = (await road
          .run('worker::update', input, (event) => {
            if (event.operation === 'update') progress.event(event)
          })
          .finally(() => progress.end())) as {
          updated: readonly { readonly name: string; readonly from_version: string; readonly to_version: string }[]
        }
        for (const { name, from_version: from, to_version: to } of updated) tools.print(`${name} ${from} → ${to}`)
        if (updated.length === 0) tools.print('All of them are up to date.')
        return 0
      }),
  })
}

export function sync(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'sync', description: 'Fetch exactly what iii.lock pins, as after a fresh clone' },
    args: {
      frozen: { type: 'boolean', default: false, description: 'The same as iii worker verify' },
      config: PLACE_ARGS.config,
    },
    async run({ args }) {
      if (args.frozen) return await verified(tools, args.config, false)
      const { installed, current } = await inProject<SyncOutcome>(tools, args.config, 'worker::sync', {})
      for (const { name, version } of installed)
        tools.print(`${name}${version === null ? '' : ` ${version}`} is fetched.`)
      if (installed.length === 0) tools.print(`Nothing is missing; ${current.length} pinned.`)
      return 0
    },
  })
}

export function verify(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: {
      name: 'verify',
      description: 'Say whether iii.lock pins the workers of the configuration; exit code 1 if not',
    },
    args: {
      strict: { type: 'boolean', default: false, description: 'Also whether what is pinned fits what is declared' },
      config: PLACE_ARGS.config,
    },
    run: ({ args }) => verified(tools, args.config, args.strict),
  })
}

async function verified(tools: CommandTools, config: string | undefined, strict: boolean): Promise<number> {
  const outcome = await inProject<VerifyOutcome>(tools, config, 'worker::verify', { strict })
  for (const { problem } of outcome.problems) tools.print(problem)
  if (outcome.verified) tools.print('iii.lock pins what the configuration needs.')
  return outcome.verified ? 0 : 1
}

/** Files alone are read, and fetched: an engine that runs has no part in it. */
async function inProject<Outcome>(
  tools: CommandTools,
  config: string | undefined,
  functionId: string,
  input: object,
): Promise<Outcome> {
  const project = await tools.project(config)
  if (project.configFile === undefined)
    throw tools.failure(
      `Error: there is no configuration file in ${project.root}. Write one with 'iii project init', or name it with --config.`,
    )
  try {
    return (await inProcess(tools, project)(functionId, input)) as Outcome
  } catch (error) {
    throw shownFailure(tools, error)
  }
}
