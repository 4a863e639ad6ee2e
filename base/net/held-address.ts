// Addresses that can't be opened although nobody listens there: a connection of this machine has them as its own end, or had them a
// moment ago (TIME_WAIT). They come free by themselves, within a minute or two; those of somebody who listens do not.
import { connect } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'
import { AddressError, isInUse } from './address-error.ts'

const RETRY_MS = 250
/** Within one machine a connection comes about at once, or not at all. */
const PROBE_MS = 1_000

export interface HeldAddressWait {
  /** How long an address is waited for at most; it is tried four times a second. 0 = not at all. */
  readonly waitMs: number
  /** Called once, when the waiting begins. */
  onWait(error: AddressError): void
  /** Ends the waiting: the address counts as unavailable then. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens by `open`, and again while the address is held though nobody listens there.
 * @throws what `open` threw last, or AddressError when the address did not come free
 */
export async function openOnceFree(
  { host, port }: { readonly host: string; readonly port: number },
  open: () => Promise<void>,
  { waitMs, onWait, signal }: HeldAddressWait,
): Promise<void> {
  const giveUpAt = performance.now() + waitMs
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await open()
    } catch (error) {
      const isHeld = error instanceof AddressError && isInUse(error) && waitMs > 0 && !(await isListening(host, port))
      if (!isHeld || signal?.aborted === true) throw error
      if (performance.now() >= giveUpAt) throw stillHeld(error, waitMs)
      if (isFirst) onWait(error)
      // Aborted: the address is tried once more, and then given up.
      await after(RETRY_MS, undefined, signal === undefined ? {} : { signal }).catch(() => {})
    }
  }
}

function stillHeld({ message, cause }: AddressError, ms: number): AddressError {
  const why = `nobody listens there, but a connection has the address, and it did not come free within ${ms} ms`
  return new AddressError(`${message} (${why})`, { cause })
}

function isListening(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host, port, timeout: PROBE_MS })
  // A connection can meet itself, where the system happens to choose the port that it is to reach as its own.
  socket.once('connect', () => resolve(socket.localPort !== port || socket.localAddress !== socket.remoteAddress))
  socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED'))
  socket.once('timeout', () => resolve(true))
  return promise.finally(() => socket.destroy())
}
