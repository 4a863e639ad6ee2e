// Why a download failed (W142).
import { bytesText } from '../../../base/values/amount-text.ts'
import { shownAddress } from '../../../kit/net/shown-address.ts'
import { WorkerOpError } from '../errors.ts'

/** Characters of an address that a message shows. */
export const MAX_SHOWN = 200

export function tooLarge(url: string, maxBytes: number): WorkerOpError {
  return refused(url, `it has more than ${bytesText(maxBytes)}, which is the most that is taken`)
}

/** @param why a clause without a full stop */
export function refused(url: string, why: string, cause?: unknown): WorkerOpError {
  const shown = shownAddress(url).slice(0, MAX_SHOWN)
  return new WorkerOpError('W142', `The download of ${shown} failed: ${why}.`, { url: shown }, { cause })
}
