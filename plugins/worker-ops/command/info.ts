// `iii worker info`: what the registry has of a worker, before it is added.
import { defineCommand, type CommandDef } from 'citty'
import { oneLine } from '../../../base/values/one-line.ts'
import { isRecord } from '../../../base/values/is-record.ts'
import type { CommandTools } from '../../../sdk/built-in.ts'
import { JSON_ARG, PLACE_ARGS } from './arguments.ts'
import { onRoad } from './on-road.ts'

interface Described {
  readonly name: string
  readonly description?: string | null
}

interface Info {
  readonly worker: {
    readonly name: string
    readonly description: string | null
    readonly type: string | null
    readonly version: string | null
    readonly repo: string | null
    readonly config: Readonly<Record<string, unknown>>
    readonly dependencies: readonly { readonly name: string; readonly version?: string }[]
    readonly author: { readonly name?: string } | null
    readonly deprecated?: unknown
    readonly replacement?: unknown
  }
  readonly api_reference?: { readonly functions?: readonly Described[]; readonly triggers?: readonly Described[] }
}

export function info(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'info', description: 'What a registry has of a worker: its latest version, functions, settings' },
    args: {
      worker: { type: 'positional', required: true, description: 'NAME or NAME@VERSION' },
      ...JSON_ARG,
      ...PLACE_ARGS,
    },
    run: ({ args }) =>
      onRoad(tools, args, async (road) => {
        const [name = '', ...version] = args.worker.split('@')
        const input = { name, ...(version.length > 0 && { version: version.join('@') }) }
        const answer = (await road.run('directory::registry::workers::info', input)) as Info
        if (args.json) tools.print(JSON.stringify(answer, null, 2))
        else show(tools, answer)
        return 0
      }),
  })
}

function show(tools: CommandTools, { worker, api_reference: api = {} }: Info): void {
  const { name, version, description, config } = worker
  tools.print(oneLine(`${name}${version === null ? '' : ` ${version}`}`))
  if (description) tools.print(oneLine(description))
  if (worker.deprecated !== undefined && worker.deprecated !== false) tools.note(deprecatedLine(worker))
  const facts = {
    type: worker.type,
    author: worker.author?.name,
    repository: worker.repo,
    'depends on': worker.dependencies.map((one) => `${one.name} ${one.version ?? ''}`.trim()).join(', '),
    settings: Object.keys(isRecord(config) ? config : {}).join(', '),
  }
  for (const [title, value] of Object.entries(facts)) if (value) tools.print(oneLine(`  ${title.padEnd(12)}${value}`))
  list(tools, 'Functions', api.functions)
  list(tools, 'Trigger types', api.triggers)
  tools.print('Add it:')
  tools.print(tools.typed(`  iii worker add ${oneLine(name)}`))
}

function list(tools: CommandTools, title: string, rows: readonly Described[] = []): void {
  if (rows.length === 0) return
  tools.print(`${title}:`)
  const width = Math.max(...rows.map(({ name }) => name.length))
  for (const { name, description } of rows)
    tools.print(oneLine(`  ${name.padEnd(width)}  ${description ?? ''}`).trimEnd())
}

function deprecatedLine({ name, replacement }: Info['worker']): string {
  return oneLine(`${name} is deprecated${typeof replacement === 'string' ? `: use ${replacement}` : ''}.`)
}
