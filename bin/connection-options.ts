// The options of every command that talks to a running engine, and their checked values.
import type { ArgsDef } from 'citty'
import { DEFAULT_ADDRESS, DEFAULT_PORT, DEFAULT_TIMEOUT_MS, type EngineAddress } from './engine-client.ts'
import { UsageError } from './exit-codes.ts'

export const CONNECTION_ARGS = {
  address: {
    type: 'string',
    description: `Host of the engine, or its ws:// URL (Default: III_URL, else ${DEFAULT_ADDRESS})`,
    valueHint: 'host',
  },
  port: { type: 'string', description: `Port of the engine (Default: ${DEFAULT_PORT})`, valueHint: 'port' },
  'timeout-ms': {
    type: 'string',
    description: 'Milliseconds to wait for the answer',
    default: String(DEFAULT_TIMEOUT_MS),
    valueHint: 'ms',
  },
} as const satisfies ArgsDef

export interface ConnectionArgs {
  address?: string | undefined
  port?: string | undefined
  'timeout-ms': string
}

export interface Connection {
  readonly at: EngineAddress
  readonly timeoutMs: number
}

/** III_URL counts only where neither host nor port is given. Throws UsageError naming the option and the value that is wrong. */
export function connectionFrom(args: ConnectionArgs, env: NodeJS.ProcessEnv = process.env): Connection {
  const fromEnvironment = args.port === undefined ? env['III_URL'] : undefined
  return {
    at: {
      address: args.address ?? (fromEnvironment || DEFAULT_ADDRESS),
      port: args.port === undefined ? DEFAULT_PORT : integerOption('--port', args.port, 65_535),
    },
    // Node's timers hold 31 bits; a longer wait would end at once.
    timeoutMs: integerOption('--timeout-ms', args['timeout-ms'], 2 ** 31 - 1),
  }
}

function integerOption(option: string, text: string, max: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= max) return value
  throw new UsageError(`${option} must be a whole number from 1 to ${max}, not '${text}'`)
}
