// What the function behind a route gets (spec 06 A.5), but for the channels and the body, which the exchange knows. Pure.
import { readQuery } from './query.ts'
import { createTextMap } from './text-map.ts'

export interface ApiRequest {
  readonly query_params: Readonly<Record<string, string>>
  readonly path_params: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  /** The `api_path` of the binding as it was written. */
  readonly path: string
  readonly method: string
  readonly trigger: { readonly type: 'http'; readonly path: string; readonly method: string }
  /** Path and query as they were asked for. */
  readonly url: string
}

export interface ApiRequestParts {
  /** Of the request: `HEAD` also where the route of GET answers. */
  readonly method: string
  /** As in the request line. */
  readonly target: string
  /** Names and values in turn, one character per byte, as `http.IncomingMessage` has them. */
  readonly rawHeaders: readonly string[]
  readonly apiPath: string
  /** Of the route; may differ from that of the request for HEAD. */
  readonly routeMethod: string
  readonly params: Readonly<Record<string, string>>
}

/** @throws QueryError when the query can't be decoded. */
export function createApiRequest({
  method,
  target,
  rawHeaders,
  apiPath,
  routeMethod,
  params,
}: ApiRequestParts): ApiRequest {
  const queryAt = target.indexOf('?')
  return {
    query_params: queryAt === -1 ? createTextMap() : readQuery(target.slice(queryAt + 1)),
    path_params: params,
    headers: readHeaders(rawHeaders),
    path: apiPath,
    method,
    trigger: { type: 'http', path: apiPath, method: routeMethod },
    url: target,
  }
}

/** A reference to a channel, as workers get it. */
export interface ChannelReference {
  readonly channel_id: string
  readonly access_key: string
  readonly direction: 'read' | 'write'
}

/**
 * The payload as JSON text.
 * @param body JSON text, taken as it is so that its numbers stay exact.
 * @param channels none for conditions.
 */
export function apiRequestJson(
  request: ApiRequest,
  body: string,
  channels?: { readonly request_body: ChannelReference; readonly response: ChannelReference },
): string {
  const { query_params, path_params, headers, path, method, trigger, url } = request
  const pathText = JSON.stringify(path)
  // Member by member: half the time of one `JSON.stringify`, which has a slow way for objects without a usual prototype.
  const about = `"query_params":${textMapJson(query_params)},"path_params":${textMapJson(path_params)},"headers":${textMapJson(headers)}`
  const where = `"path":${pathText},"method":${JSON.stringify(method)},"trigger":{"type":"http","path":${pathText},"method":${JSON.stringify(trigger.method)}}`
  const head = `{${about},${where},"url":${JSON.stringify(url)},"body":${body}`
  if (channels === undefined) return `${head}}`
  return `${head},"request_body":${refJson(channels.request_body)},"response":${refJson(channels.response)}}`
}

function textMapJson(map: Readonly<Record<string, string>>): string {
  let members = ''
  for (const name in map) {
    const member = `${JSON.stringify(name)}:${JSON.stringify(map[name])}`
    members = members === '' ? member : `${members},${member}`
  }
  return `{${members}}`
}

/** Ids and keys are UUIDs. */
function refJson({ channel_id, access_key, direction }: ChannelReference): string {
  return `{"channel_id":"${channel_id}","access_key":"${access_key}","direction":"${direction}"}`
}

/** Names in small letters; of a header that comes more than once the last value counts. One that is not UTF-8 is `""`. */
export function readHeaders(rawHeaders: readonly string[]): Record<string, string> {
  const headers = createTextMap()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers[rawHeaders[index]!.toLowerCase()] = headerText(rawHeaders[index + 1]!)
  }
  return headers
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function headerText(value: string): string {
  for (let at = 0; at < value.length; at++) {
    if (value.charCodeAt(at) > 0x7f) return decodedText(value)
  }
  return value
}

function decodedText(value: string): string {
  try {
    return utf8.decode(Buffer.from(value, 'latin1'))
  } catch {
    return ''
  }
}
