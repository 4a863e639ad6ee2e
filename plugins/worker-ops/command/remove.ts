// `iii worker remove` and `iii worker clear`: out of the configuration, and off the disk.
import { defineCommand, type CommandDef } from 'citty'
import type { CommandTools } from '../../../sdk/built-in.ts'
import { PLACE_ARGS, YES_ARG, type Args } from './arguments.ts'
import { confirmed } from './confirmed.ts'
import { listedWorkers } from './list.ts'
import { onRoad } from './on-road.ts'
import type { Road } from './road.ts'

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB'] as const

export function remove(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'remove', description: 'Stop workers and take them out of the configuration; asks if one runs' },
    args: {
      worker: { type: 'positional', required: true, description: 'Names of workers' },
      ...YES_ARG,
      ...PLACE_ARGS,
    },
    run: ({ args }) =>
      onRoad(tools, args, async (road) => {
        const names = [...new Set(args._)]
        await confirmRunning(tools, road, names, args)
        const { removed } = (await road.run('worker::remove', { names, yes: true })) as { removed: string[] }
        for (const name of removed) tools.print(`${name} is removed.`)
        return 0
      }),
  })
}

export function clear(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'clear', description: 'Delete what was installed of a worker that does not run' },
    args: {
      worker: { type: 'positional', required: false, description: 'Name of a worker (Default: all)' },
      ...YES_ARG,
      ...PLACE_ARGS,
    },
    run: ({ args }) =>
      onRoad(tools, args, async (road) => {
        const { worker } = args
        const what = worker === undefined ? 'all workers that are installed' : `'${worker}'`
        if (!args.yes && !(await confirmed(tools, `The files of ${what} are to be deleted.`, 'Go on?')))
          throw tools.failure('Nothing was changed.')
        const input = worker === undefined ? { all: true, yes: true } : { names: [worker], yes: true }
        const { cleared_bytes: bytes } = (await road.run('worker::clear', input)) as { cleared_bytes: number }
        tools.print(`${sizeText(bytes)} are free again.`)
        return 0
      }),
  })
}

async function confirmRunning(tools: CommandTools, road: Road, names: readonly string[], args: Args): Promise<void> {
  if (args['yes'] === true) return
  const rows = await listedWorkers(road)
  const running = rows
    .filter(({ name, status }) => names.includes(name) && status !== 'stopped')
    .map(({ name }) => name)
  if (running.length === 0) return
  const isOne = running.length === 1
  const state = `${running.join(', ')} ${isOne ? 'is' : 'are'} running.`
  if (!(await confirmed(tools, state, `Stop and remove ${isOne ? 'it' : 'them'}?`)))
    throw tools.failure('Nothing was changed.')
}

export function sizeText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** power
  return `${power === 0 ? value : value.toFixed(1)} ${UNITS[power]}`
}
