// The options of every command that talks to a running engine, and their checked values.
import type { ArgsDef } from 'citty'
import { DEFAULT_ADDRESS, DEFAULT_PORT, DEFAULT_TIMEOUT_MS, type EngineAddress } from './engine-client.ts'
import { parseAddress, portNumber } from './engine-address.ts'
import { UsageError } from './exit-codes.ts'

export const CONNECTION_ARGS = {
  address: {
    type: 'string',
    description: `Host of the engine, HOST:PORT, or its ws:// URL (Default: III_URL, else ${DEFAULT_ADDRESS})`,
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

/**
 * III_URL counts only where neither host nor port is given.
 * @throws UsageError naming the option or variable, and the value that is wrong.
 */
export function connectionFrom(args: ConnectionArgs, env: NodeJS.ProcessEnv = process.env): Connection {
  // Node's timers hold 31 bits; a longer wait would end at once.
  return { at: engineAt(args, env), timeoutMs: milliseconds('--timeout-ms', args['timeout-ms'], 2 ** 31 - 1) }
}

function engineAt({ address: written, port: writtenPort }: ConnectionArgs, env: NodeJS.ProcessEnv): EngineAddress {
  const port = writtenPort === undefined ? undefined : portNumber(writtenPort, '--port')
  const fromEnvironment = port === undefined ? env['III_URL'] : undefined
  const source = written === undefined ? 'III_URL' : '--address'
  const text = written ?? (fromEnvironment || DEFAULT_ADDRESS)
  const { address, port: inAddress, isUrl } = parseAddress(text, source)
  if (port !== undefined && (isUrl || inAddress !== undefined))
    throw new UsageError(`--port=${port} and --address=${text}, which says where the port is, exclude each other`)
  return { address, port: port ?? inAddress ?? DEFAULT_PORT }
}

function milliseconds(option: string, text: string, max: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value
  throw new UsageError(`${option} must be a whole number from 1 to ${max}, not '${text}'`)
}
