// `iii worker list`: what the configuration runs, and how it does.
import { defineCommand, type CommandDef } from 'citty'
import type { CommandTools } from '../../../sdk/built-in.ts'
import type { ListRow } from '../operations/list.ts'
import { JSON_ARG, PLACE_ARGS } from './arguments.ts'
import { onRoad } from './on-road.ts'
import type { Road } from './road.ts'

export function list(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'list', description: 'Workers of the configuration, with version and status' },
    args: {
      running: { type: 'boolean', default: false, description: 'Only those that run' },
      all: { type: 'boolean', default: false, description: 'Also those of the engine itself that are always there' },
      ...JSON_ARG,
      ...PLACE_ARGS,
    },
    run: ({ args }) =>
      onRoad(tools, args, async (road) => {
        const workers = await listedWorkers(road, { running_only: args.running, include_builtin: args.all })
        if (args.json) tools.print(JSON.stringify({ workers }, null, 2))
        else if (workers.length === 0) tools.note('None. To add one: iii worker add NAME')
        else tools.printTable(workers.map(rowOf))
        if (road.kind === 'files' && !args.json) tools.note('The engine of this project does not run.')
        return 0
      }),
  })
}

export async function listedWorkers(road: Road, input: object = {}): Promise<readonly ListRow[]> {
  return ((await road.run('worker::list', input)) as { workers: ListRow[] }).workers
}

function rowOf({ name, version, status, pid }: ListRow): Record<string, string> {
  return {
    WORKER: name,
    VERSION: version ?? '',
    STATUS: status,
    PID: pid === null ? '' : String(pid),
  }
}
