// `iii worker logs`: what a worker prints. The files of this project are read here, whether or not its engine runs, and a follower stays
// over its restarts; those of another machine are asked for, and the engine there answers when something comes.
import path from 'node:path'
import { defineCommand, type CommandDef } from 'citty'
import type { CommandTools } from '../../../sdk/built-in.ts'
import type { LogPage } from '../follow/log-files.ts'
import { MAX_WAIT_MS, tailLogs } from '../follow/log-tail.ts'
import { checkName } from '../worker-name.ts'
import { PLACE_ARGS, workerArg } from './arguments.ts'
import { onRoad } from './on-road.ts'
import type { Road } from './road.ts'

const MAX_LINES = 1_000
/** After that the connection is taken for dead, too. */
const PATIENCE_MS = 10_000

export function logs(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'logs', description: 'Show what a worker prints, and follow it' },
    args: {
      ...workerArg('Name of the worker'),
      follow: { type: 'boolean', alias: 'f', default: false, description: 'Go on with what comes, until Ctrl-C' },
      tail: {
        type: 'string',
        alias: 'n',
        default: '100',
        description: `Lines of each stream to show at first, up to ${MAX_LINES}`,
        valueHint: 'lines',
      },
      raw: { type: 'boolean', default: false, description: 'Leave colours and other terminal sequences in' },
      ...PLACE_ARGS,
    },
    run: ({ args }) =>
      onRoad(tools, args, (road) =>
        tools.untilStopped(async (stopped) => {
          const name = checkName(String(args.worker))
          const tail = linesOf(tools, args.tail)
          const source = road.project === undefined ? overBus(road, name) : inFiles(road.project.root, name, stopped)
          const first = await source({ after: undefined, tail, waitMs: 0, raw: args.raw })
          if (first.next === '{}' && !args.follow) {
            await refuseUnknown(tools, road, name)
            tools.note(`${name} has printed nothing yet.`)
            return 0
          }
          if (first.next === '{}') await refuseUnknown(tools, road, name)
          let page = await shown(tools, first, stopped)
          while (args.follow && page !== undefined && !stopped.aborted) {
            const ask = source({ after: page.next, tail: 0, waitMs: MAX_WAIT_MS, raw: args.raw })
            const next = await Promise.race([ask, aborted(stopped)])
            page = next && (await shown(tools, next, stopped))
          }
          return 0
        }),
      ),
  })
}

interface Question {
  readonly after: string | undefined
  readonly tail: number
  readonly waitMs: number
  readonly raw: boolean
}

type LogSource = (question: Question) => Promise<LogPage>

function inFiles(root: string, name: string, stopped: AbortSignal): LogSource {
  const folder = path.join(root, '.iii', 'logs', name)
  return (question) => tailLogs({ folder, ...question, stopped })
}

function overBus(road: Road, name: string): LogSource {
  return async ({ after, tail, waitMs, raw }) =>
    (await road.run('worker::logs::tail', {
      name,
      tail,
      raw,
      ...(after !== undefined && { after, wait_ms: Math.min(waitMs, MAX_WAIT_MS - PATIENCE_MS) }),
    })) as LogPage
}

/** undefined when nobody reads any more. */
async function shown(tools: CommandTools, page: LogPage, stopped: AbortSignal): Promise<LogPage | undefined> {
  if (page.missed) tools.note('(Lines are missing: files were put aside faster than they were shown.)')
  const isRead = await tools.write(
    page.lines.map(({ line }) => line),
    stopped,
  )
  return isRead ? page : undefined
}

async function refuseUnknown(tools: CommandTools, road: Road, name: string): Promise<void> {
  const { installed } = (await road.run('worker::status', { name })) as { installed: boolean }
  if (!installed) throw tools.failure(`Error: there is no worker '${name}'. Those that are there: iii worker list`)
}

function linesOf(tools: CommandTools, text: string): number {
  const lines = Number(text)
  if (/^\d+$/.test(text) && lines <= MAX_LINES) return lines
  throw tools.failure(`--tail must be a whole number from 0 to ${MAX_LINES}, not '${text}'`, { isUsage: true })
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    else signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}
