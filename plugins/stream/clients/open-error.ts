// Why the port of the stream listener can't be opened, and what to do (spec 04 A.8).
import { CodedError } from '../../../protocol/errors.ts'

export function openError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return new CodedError('address_unavailable', `address ${address} ${problemOf(error)}`, { cause: error })
}

function problemOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EADDRINUSE':
      return "is already in use: stop the other process, or set another 'port' for iii-stream"
    case 'EACCES':
      return "may not be opened by this user: set a 'port' above 1023 for iii-stream"
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `cannot be opened (${message}): set 'host' of iii-stream to an address of this machine, such as 127.0.0.1`
    default:
      return `cannot be opened: ${message}`
  }
}
