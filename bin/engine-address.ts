// Where an engine is, as people write it: a host, a host and a port, or the URL of a listener.
import net from 'node:net'
import { UsageError } from './exit-codes.ts'

export interface WrittenAddress {
  /** A host as URLs have it (`localhost`, `[::1]`), or a whole ws:// or wss:// URL. */
  readonly address: string
  /** Where the text says one; never beside a URL, which has its own. */
  readonly port?: number
  readonly isUrl: boolean
}

const FORMS = 'a host, HOST:PORT, or a ws:// URL'

/**
 * @param source who says so, for messages: `--address`, `III_URL`.
 * @throws UsageError that shows the text and what was probably meant.
 */
export function parseAddress(text: string, source: string): WrittenAddress {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text) ?? []
  if (scheme !== undefined) return { address: webSocketUrl(text, scheme, source), isUrl: true }
  if (net.isIPv6(text)) return { address: `[${text}]`, isUrl: false }
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(text) ?? []
  if (!isHost(host)) throw new UsageError(`${source} takes ${FORMS}, not '${text}'`)
  if (port === undefined) return { address: host, isUrl: false }
  return { address: host, port: portNumber(port, `the port in ${source} '${text}'`), isUrl: false }
}

/** @param what in words, for the message. */
export function portNumber(text: string, what: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new UsageError(`${what} must be a whole number from 1 to 65535, not '${text}'`)
}

function webSocketUrl(text: string, scheme: string, source: string): string {
  const isWebSocket = /^wss?$/i.test(scheme)
  // The library of the client takes no fragment.
  if (isWebSocket && URL.canParse(text) && new URL(text).hash === '') return text
  const other = text.replace(/^http/i, 'ws')
  const meant =
    /^https?$/i.test(scheme) && URL.canParse(other) ? ` The engine speaks WebSocket: did you mean '${other}'?` : ''
  throw new UsageError(`${source} takes ${FORMS}, not '${text}'.${meant}`)
}

function isHost(host: string): boolean {
  if (host.startsWith('[')) return net.isIPv6(host.slice(1, -1))
  return /^[\w.-]+$/.test(host) && URL.canParse(`ws://${host}:1`)
}
