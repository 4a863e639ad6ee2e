// `iii start --inspect`: Node's debugger for the engine's process, and with it for its threads.
import inspector from 'node:inspector'
import { isLoopbackHost } from '../base/net/loopback-host.ts'
import { parseAddress } from './engine-address.ts'
import { CommandFailure, UsageError } from './exit-codes.ts'

const DEFAULT_HOST = '127.0.0.1'
const DEFAULT_PORT = 9229

/**
 * Node itself says where it listens. Nothing is done where a debugger was asked for by other means.
 * @param text `PORT`, `HOST` or `HOST:PORT`.
 * @throws UsageError for anything else, CommandFailure when the address can't be had.
 */
export function openInspector(text: string, warn: (line: string) => void): void {
  const { host, port } = inspectorAddress(text)
  if (inspector.url() !== undefined) return
  if (!isLoopbackHost(host)) warn(`--inspect=${text}: whoever reaches ${host}:${port} can run any code in the engine`)
  inspector.open(port, host)
  if (inspector.url() === undefined)
    throw new CommandFailure(
      `Error: the debugger can't listen on ${host}:${port}; choose another port with --inspect=PORT`,
    )
}

export function inspectorAddress(text: string): { readonly host: string; readonly port: number } {
  if (/^\d+$/.test(text)) return inspectorAddress(`${DEFAULT_HOST}:${text}`)
  const { address, port = DEFAULT_PORT, isUrl } = parseAddress(text, '--inspect')
  if (isUrl) throw new UsageError(`--inspect takes PORT, HOST or HOST:PORT, not '${text}'`)
  return { host: address, port }
}
