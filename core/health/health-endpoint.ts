// What `GET /health` answers: the report of the engine, 200 when all of it is well and 503 when not. Every connection is for one request.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { splitRequestTarget } from '../../base/net/request-target.ts'
import type { WebService } from '../../base/net/web-listener.ts'
import type { HealthReport } from '../engine-functions/health.ts'

export const HEALTH_PATH = '/health'
/** For the head of a request, and for the peer to take its answer. Milliseconds. */
export const HEALTH_REQUEST_MS = 5_000

const METHODS = ['GET', 'HEAD']

export function healthEndpoint(report: () => HealthReport): WebService {
  return {
    handshakeTimeoutMs: HEALTH_REQUEST_MS,
    onRequest(request, response) {
      request.socket.setTimeout(HEALTH_REQUEST_MS, () => request.socket.destroy())
      const { path, query } = splitRequestTarget(request.url ?? '')
      if (path !== HEALTH_PATH) {
        return send(request, response, 404, { error: `only GET ${HEALTH_PATH} is answered here, not '${path}'` })
      }
      if (!METHODS.includes(request.method ?? '')) {
        response.setHeader('Allow', METHODS.join(', '))
        return send(request, response, 405, { error: `${HEALTH_PATH} is for GET, not for ${request.method}` })
      }
      const body = report()
      const isFine = body.status === 'healthy' || new URLSearchParams(query).get('allow_degraded') === 'true'
      return send(request, response, isFine ? 200 : 503, body)
    },
  }
}

function send({ method }: IncomingMessage, response: ServerResponse, status: number, body: object): void {
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    Connection: 'close',
  })
  response.end(method === 'HEAD' ? undefined : text)
}
