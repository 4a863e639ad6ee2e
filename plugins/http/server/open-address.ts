// Opens the address of the server. The next generation of this worker opens it while the one before still has it, so that there is no
// moment at which nobody takes connections: both say that they share it. Whoever else has it is found by an attempt without sharing.
import { AddressError, isInUse } from '../../../base/net/address-error.ts'
import type { WebListener } from '../../../base/net/web-listener.ts'
import { CodedError } from '../../../protocol/errors.ts'

/** For an address that is held though nobody listens there; a start may take ten seconds in all. */
export const HELD_ADDRESS_MS = 8_000
/** For the generation before this one to give the address up, where the system can't share it. */
export const GIVEN_UP_MS = 30_000

export interface OpenAddressOptions {
  /** Whether this worker has the address itself, on another listener or in the generation before. Asked when it is in use. */
  isOwn(): boolean | Promise<boolean>
  /** Whether the system deals connections out among listeners. Default: it is tried. */
  readonly canShare?: boolean
  onHeld(error: AddressError): void
}

/** How an address was opened. `later`: somebody of this worker has it still, and it can't be shared. */
export type Opened = 'open' | 'later'

/** @throws CodedError `address_unavailable` that names the address and what to do. */
export async function openAddress(
  listener: WebListener,
  host: string,
  port: number,
  { isOwn, canShare = true, onHeld }: OpenAddressOptions,
): Promise<Opened> {
  try {
    await listener.open(host, port)
  } catch (error) {
    if (!(error instanceof AddressError)) throw error
    if (!isInUse(error)) throw coded(error)
    if (await isOwn()) return (await opensShared(listener, host, port, canShare)) ? 'open' : 'later'
    await openHeld(listener, host, port, onHeld)
  }
  if (canShare) await shareFromNowOn(listener, host)
  return 'open'
}

async function openHeld(
  listener: WebListener,
  host: string,
  port: number,
  onWait: (error: AddressError) => void,
): Promise<void> {
  try {
    await listener.open(host, port, { wait: { waitMs: HELD_ADDRESS_MS, onWait } })
  } catch (error) {
    throw error instanceof AddressError ? coded(error) : error
  }
}

/** Whether it shares an address can only be said when it is opened: it is opened once more, with the same port. */
async function shareFromNowOn(listener: WebListener, host: string): Promise<void> {
  const { port } = listener.address
  listener.stopListening({ keepsIdle: true })
  if (!(await opensShared(listener, host, port, true))) await listener.open(host, port)
}

async function opensShared(listener: WebListener, host: string, port: number, canShare: boolean): Promise<boolean> {
  if (!canShare) return false
  try {
    await listener.open(host, port, { shared: true })
    return true
  } catch (error) {
    if (error instanceof AddressError) return false
    throw error
  }
}

function coded(error: AddressError): CodedError {
  return new CodedError(error.code, error.message, { cause: error })
}
