// `iii worker start`, `stop` and `restart`: the process of a worker that the configuration has.
import path from 'node:path'
import { defineCommand, type ArgsDef, type CommandDef } from 'citty'
import type { CommandTools } from '../../../sdk/built-in.ts'
import { PLACE_ARGS, textOf, WAIT_ARG, workerArg, YES_ARG, type Args } from './arguments.ts'
import { onRoad } from './on-road.ts'
import { Progress } from './progress.ts'
import type { Road } from './road.ts'

/** `--config` is the worker's own here, as iii has it; `-c` stays the project's. */
const START_ARGS = {
  ...workerArg('Name of the worker'),
  ...WAIT_ARG,
  port: { type: 'string', description: 'Port of the listener that it is to connect to', valueHint: 'port' },
  config: { type: 'string', description: 'File that a binary worker is given as --config', valueHint: 'file' },
  host: PLACE_ARGS.host,
  'config-file': { ...PLACE_ARGS.config, alias: 'c' },
} as const satisfies ArgsDef

export function start(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'start', description: 'Start a worker that was stopped or has given up' },
    args: START_ARGS,
    run: ({ args }) => onRoad(tools, args, (road) => startOn(road, tools, args)),
  })
}

export function restart(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'restart', description: 'Stop a worker and start it again' },
    args: START_ARGS,
    run: ({ args }) =>
      onRoad(tools, args, async (road) => {
        await road.run('worker::stop', { name: args.worker, yes: true })
        return await startOn(road, tools, args)
      }),
  })
}

export function stop(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'stop', description: 'Stop a worker until it is started again, or the engine is' },
    args: {
      ...workerArg('Name of the worker'),
      yes: { ...YES_ARG.yes, description: 'Accepted for compatibility; nobody is asked' },
      ...PLACE_ARGS,
    },
    run: ({ args }) =>
      onRoad(tools, args, async (road) => {
        await road.run('worker::stop', { name: args.worker, yes: true })
        tools.print(`${args.worker} is stopped.`)
        return 0
      }),
  })
}

async function startOn(road: Road, tools: CommandTools, args: Args): Promise<number> {
  const name = String(args['worker'])
  const progress = new Progress(tools)
  const config = textOf(args, 'config')
  const input = {
    name,
    wait: args['wait'] === true,
    ...portOf(tools, args),
    ...(config !== undefined && { config: road.kind === 'remote' ? config : path.resolve(tools.cwd, config) }),
  }
  const started = await road
    .run('worker::start', input, (event) => {
      if (event.operation === 'start') progress.event(event)
    })
    .finally(() => progress.end())
  const { pid } = started as { pid: number | null }
  tools.print(`${name} is started${pid === null ? '' : `, process ${pid}`}.`)
  return 0
}

function portOf(tools: CommandTools, args: Args): { port?: number } {
  const text = textOf(args, 'port')
  if (text === undefined) return {}
  const port = Number(text)
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return { port }
  throw tools.failure(`--port must be a whole number from 1 to 65535, not '${text}'`, { isUsage: true })
}
