// `iii worker status`: how a worker does; on a terminal until that does not change any more.
import { defineCommand, type CommandDef } from 'citty'
import type { CommandTools } from '../../../sdk/built-in.ts'
import type { StatusOutcome } from '../operations/status.ts'
import { JSON_ARG, PLACE_ARGS, workerArg } from './arguments.ts'
import { onRoad } from './on-road.ts'
import type { Road } from './road.ts'
import { typedWords } from './typed-words.ts'

const LOOK_EVERY_MS = 500
const TAIL_LINES = 5

export function status(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: {
      name: 'status',
      description: 'How a worker does, with its last lines; on a terminal until it runs or has stopped',
    },
    args: {
      ...workerArg('Name of the worker'),
      watch: {
        type: 'boolean',
        default: true,
        description: 'Go on until its state is final, on a terminal',
        negativeDescription: 'Show it once',
      },
      ...JSON_ARG,
      ...PLACE_ARGS,
    },
    run: ({ args }) =>
      onRoad(tools, args, async (road) => {
        const name = String(args.worker)
        const live = args.watch && !args.json ? tools.live('stdout') : undefined
        let seen = await look(road, name)
        if (live === undefined) {
          if (args.json) tools.print(JSON.stringify(seen, null, 2))
          else for (const line of linesOf(seen, tools)) tools.print(line)
        } else {
          await tools.untilStopped(async (stopped) => {
            live.show(linesOf(seen, tools))
            while (!isFinal(seen) && !stopped.aborted) {
              await pause(stopped)
              seen = await look(road, name)
              live.show(linesOf(seen, tools))
            }
          })
          live.end()
        }
        return seen.installed ? 0 : 1
      }),
  })
}

async function look(road: Road, name: string): Promise<StatusOutcome> {
  return (await road.run('worker::status', { name })) as StatusOutcome
}

/** What is on its way is not. */
function isFinal({ status: state }: StatusOutcome): boolean {
  return state !== 'starting'
}

function linesOf(status: StatusOutcome, tools: CommandTools): string[] {
  const { name, installed, worker_type: type, status: state, pid, version, logs_dir: logs, hint } = status
  if (!installed) return [tools.typed(typedWords(hint, name))]
  const facts = [
    ['status', pid === null ? state : `${state} (process ${pid})`],
    ['type', type],
    ['version', version ?? ''],
    ['logs', logs ?? ''],
    ['hint', tools.typed(typedWords(hint, name))],
  ] as const
  const tail = [
    ...status.stdout_tail.slice(-TAIL_LINES).map((line) => `  | ${line}`),
    ...status.stderr_tail.slice(-TAIL_LINES).map((line) => `  ! ${line}`),
  ]
  return [
    name,
    ...facts.filter(([, value]) => value !== '').map(([title, value]) => `  ${title.padEnd(8)}${value}`),
    ...tail,
  ]
}

function pause(stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, LOOK_EVERY_MS)
    function done(): void {
      clearTimeout(timer)
      stopped.removeEventListener('abort', done)
      resolve()
    }
    stopped.addEventListener('abort', done)
  })
}
