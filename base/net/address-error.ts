// Why an address can't be listened on, and what its owner can do about it (spec 04 A.8).
import { shownAddress } from './shown-address.ts'

export class AddressError extends Error {
  override readonly name = 'AddressError'
  readonly code = 'address_unavailable'
}

/** @param worker name of the worker whose settings `host` and `port` are to be changed. */
export function addressError(error: NodeJS.ErrnoException, host: string, port: number, worker: string): AddressError {
  return new AddressError(`address ${shownAddress(host, port)} ${problemOf(error, worker)}`, { cause: error })
}

/** Somebody holds the address. */
export function isInUse({ cause }: AddressError): boolean {
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE'
}

function problemOf({ code, message }: NodeJS.ErrnoException, worker: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `is already in use: stop the other process, or set another 'port' for ${worker}`
    case 'EACCES':
      return `may not be opened by this user: set a 'port' above 1023 for ${worker}`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `cannot be opened (${message}): set 'host' of ${worker} to an address of this machine, such as 127.0.0.1`
    default:
      return `cannot be opened: ${message}`
  }
}
