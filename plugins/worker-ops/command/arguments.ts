// Arguments that several commands of `iii worker` take.
import type { ArgsDef } from 'citty'

export const PLACE_ARGS = {
  host: {
    type: 'string',
    description: 'Engine that does it: a host, HOST:PORT or a ws:// URL (Default: that of this project, if it runs)',
    valueHint: 'host',
  },
  config: { type: 'string', alias: 'c', description: 'Configuration file of the project', valueHint: 'file' },
} as const satisfies ArgsDef

export const YES_ARG = {
  yes: { type: 'boolean', alias: 'y', default: false, description: 'Do not ask' },
} as const satisfies ArgsDef

export const JSON_ARG = {
  json: { type: 'boolean', default: false, description: 'Print the answer as JSON' },
} as const satisfies ArgsDef

export const WAIT_ARG = {
  wait: {
    type: 'boolean',
    default: true,
    description: 'Wait until it can be called',
    negativeDescription: 'Do not wait until it can be called',
  },
} as const satisfies ArgsDef

export function workerArg(description: string, required = true) {
  return { worker: { type: 'positional', required, description } } as const satisfies ArgsDef
}

export type Args = Readonly<Record<string, unknown>>

/** An option that was given; undefined otherwise. */
export function textOf(args: Args, name: string): string | undefined {
  const value = args[name]
  return typeof value === 'string' ? value : undefined
}
