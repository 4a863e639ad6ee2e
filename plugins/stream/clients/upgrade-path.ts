// Which subscription the URL of a client asks for, if any, and what its query says (spec 02 §6.3, 04 B.3). Pure.
import { decodePercent, decodeQuery } from '../../../base/net/percent-decoding.ts'
import { splitRequestTarget } from '../../../base/net/request-target.ts'

export interface StreamTarget {
  readonly stream: string
  readonly group: string
  readonly item: string | null
}

export interface RequestTarget {
  /** As it was sent, without the query. */
  readonly path: string
  /** null: path `/`, subscriptions are made with messages. */
  readonly implicitJoin: StreamTarget | null
  /** Percent-decoded; every value in an array. */
  readonly query: Readonly<Record<string, readonly string[]>>
}

const STREAM_PATH = /^\/stream\/([^/]+)\/([^/]+)(?:\/([^/]+))?\/?$/

/** undefined = 404. */
export function readRequestTarget(url: string): RequestTarget | undefined {
  const { path, query: encoded } = splitRequestTarget(url)
  const query = decodeQuery(encoded)
  if (path === '/' || path === '') return { path: '/', implicitJoin: null, query }
  const match = STREAM_PATH.exec(path)
  if (match === null) return undefined
  const [, stream, group, item] = match
  const implicitJoin = {
    stream: decodePercent(stream!),
    group: decodePercent(group!),
    item: item === undefined ? null : decodePercent(item),
  }
  return { path, implicitJoin, query }
}
