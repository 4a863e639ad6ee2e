// Why a download failed (W142), and how its address is shown.
import { bytesText } from '../../../base/values/amount-text.ts'
import { WorkerOpError } from '../errors.ts'

export function tooLarge(url: string, maxBytes: number): WorkerOpError {
  return refused(url, `it has more than ${bytesText(maxBytes)}, which is the most that is taken`)
}

/** @param why a clause without a full stop */
export function refused(url: string, why: string, cause?: unknown): WorkerOpError {
  const shown = shownUrl(url)
  return new WorkerOpError('W142', `The download of ${shown} failed: ${why}.`, { url: shown }, { cause })
}

/** Without what may be secret: credentials and the query of signed addresses. */
export function shownUrl(text: string): string {
  try {
    const url = new URL(text)
    url.username = ''
    url.password = ''
    if (url.search !== '') url.search = '?…'
    return decodeURI(url.href)
  } catch {
    return text.slice(0, 200)
  }
}
