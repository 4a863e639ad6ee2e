// Where the bytes of a download come from: an answer over HTTP, or a file. Redirects lead from one web address to another, never to a
// file, and never from a protected connection to an open one.
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import { timeText } from '../../../base/values/amount-text.ts'
import { shownAddress } from '../../../kit/net/shown-address.ts'
import { MAX_SHOWN, refused } from './download-error.ts'

export const MAX_REDIRECTS = 5

export interface Source {
  /** In bytes, where it was said beforehand. */
  readonly length: number | undefined
  readonly pieces: AsyncIterable<Buffer>
  close(): void
}

/** @throws W142 */
export async function openSource(url: string, idleMs: number, signal: AbortSignal): Promise<Source> {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  switch (parsed?.protocol) {
    case 'file:':
      return openFile(url)
    case 'http:':
    case 'https:':
      return openAnswer(parsed, { idleMs, signal, first: url })
    default:
      throw refused(url, 'its address begins neither with http:// or https:// nor with file://')
  }
}

async function openFile(url: string): Promise<Source> {
  try {
    const path = fileURLToPath(url)
    const stats = await stat(path)
    if (!stats.isFile()) throw new Error('it is no file')
    // It ends at the size that was measured: what grows meanwhile would not have the checksum anyway.
    const stream = createReadStream(path)
    return { length: stats.size, pieces: stream, close: () => stream.destroy() }
  } catch (error) {
    throw refused(url, (error as Error).message, error)
  }
}

interface Exchange {
  readonly idleMs: number
  readonly signal: AbortSignal
  /** The address that was asked for, for messages. */
  readonly first: string
}

async function openAnswer(from: URL, exchange: Exchange): Promise<Source> {
  const { first } = exchange
  let url = from
  for (let redirects = 0; ; redirects++) {
    const answer = await ask(url, exchange)
    const { statusCode: status = 0, headers } = answer
    if (status === 200) return sourceOf(answer)
    answer.destroy()
    if (![301, 302, 303, 307, 308].includes(status) || headers.location === undefined) {
      throw refused(first, `${shownAddress(url.href)} answered with the status ${status}`)
    }
    if (redirects === MAX_REDIRECTS) throw refused(first, `it was redirected more than ${MAX_REDIRECTS} times`)
    const next = URL.canParse(headers.location, url) ? new URL(headers.location, url) : undefined
    if (
      next === undefined ||
      !(next.protocol === 'https:' || (next.protocol === 'http:' && url.protocol === 'http:'))
    ) {
      throw refused(
        first,
        `it was redirected to ${shownAddress(headers.location.slice(0, MAX_SHOWN))}, where no download may lead`,
      )
    }
    url = next
  }
}

async function ask(url: URL, { idleMs, signal, first }: Exchange): Promise<IncomingMessage> {
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  return new Promise((resolve, reject) => {
    const asking = request(url, { headers: { 'user-agent': 'iii-host', accept: '*/*' }, agent: false, signal })
    // Of the socket: before the answer, and between pieces of it.
    asking.setTimeout(idleMs, () => asking.destroy(new Error(`nothing came for ${timeText(idleMs)}`)))
    asking.once('response', resolve)
    asking.once('error', (error) => reject(refused(first, error.message || String(error), error)))
    asking.end()
  })
}

function sourceOf(answer: IncomingMessage): Source {
  const length = answer.headers['content-length']
  return {
    length: length === undefined ? undefined : Number(length),
    pieces: answer,
    close: () => answer.destroy(),
  }
}
