// A remote registry as a test wants it: a real HTTP server on loopback that keeps what it was asked, and may answer anything.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface StubRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: unknown
}

export type StubAnswer =
  /** Sent as JSON. */
  | {
      readonly status?: number
      readonly json?: unknown
      readonly text?: string
      readonly headers?: Readonly<Record<string, string>>
    }
  /** The connection stays open, and nothing comes. */
  | 'never'
  /** Written by hand. */
  | ((response: ServerResponse) => void)

export interface StubRegistry {
  readonly url: string
  readonly requests: readonly StubRequest[]
}

export async function stubRegistry(answer: (request: StubRequest) => StubAnswer): Promise<StubRegistry> {
  const requests: StubRequest[] = []
  const server = createServer(async (incoming, response) => {
    const parts: Buffer[] = []
    for await (const part of incoming) parts.push(part as Buffer)
    const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://stub')
    const body = Buffer.concat(parts).toString()
    const request: StubRequest = {
      method: incoming.method ?? '',
      url: incoming.url ?? '',
      path: pathname,
      query: Object.fromEntries(searchParams),
      headers: incoming.headers,
      body: body === '' ? undefined : JSON.parse(body),
    }
    requests.push(request)
    const answered = answer(request)
    if (answered === 'never') return
    if (typeof answered === 'function') return answered(response)
    const { status = 200, json, text, headers = {} } = answered
    const sent = json === undefined ? (text ?? '') : JSON.stringify(json)
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(status === 204 ? undefined : sent)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}
