// Starts `iii-http`: the routes, the server, and what the host may ask of them.
import { shownAddress } from '../../base/net/shown-address.ts'
import { WebListener } from '../../base/net/web-listener.ts'
import { CodedError } from '../../protocol/errors.ts'
import type { PluginContext, RunningPlugin, TriggerBinding } from '../../sdk/plugin.ts'

import { readSettings, type HttpConfig } from './config.ts'
import { HTTP_TRIGGER_TYPE } from './trigger.ts'

interface Route {
  readonly id: string
  readonly pattern: string
  readonly method: string
  readonly segments: readonly string[]
  readonly binding: TriggerBinding
}

export async function startHttp({ iii, config, log }: PluginContext<HttpConfig>): Promise<RunningPlugin<HttpConfig>> {
  const settings = readSettings(config)
  const routes = new Map<string, Route>()
  const listener = new WebListener({
    worker: 'iii-http',
    handshakeTimeoutMs: 30_000,
    onFailure: ({ message }) => log.warn('The HTTP server failed.', { error: message }),
  })
  try {
    await listener.open(settings.host, settings.port)
  } catch (error) {
    throw new CodedError('address_unavailable', (error as Error).message, { cause: error })
  }
  listener.serve({
    handshakeTimeoutMs: 30_000,
    onRequest: (request, response) => {
      const [path = '/', query = ''] = (request.url ?? '/').split('?', 2)
      const segments = path.split('/').slice(1)
      const found = [...routes.values()].findLast(
        (route) => route.method === request.method && paramsOf(route, segments) !== undefined,
      )
      if (found === undefined) {
        response.writeHead(404, { 'content-type': 'application/json' })
        response.end('{"error":{"code":"NOT_FOUND","message":"Not Found"}}')
        return
      }
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        void (async () => {
          const body = await Promise.all([iii.createChannel(), iii.createChannel()])
          const text = Buffer.concat(chunks)
          if (text.length > 0) body[0].writer.write(text)
          body[0].writer.close()
          const payload = {
            query_params: Object.fromEntries(new URLSearchParams(query)),
            path_params: paramsOf(found, segments),
            headers: request.headers,
            path: found.pattern,
            method: request.method,
            url: request.url,
            body: jsonOf(request.headers['content-type'], text),
            trigger: { type: 'http', path: found.pattern, method: request.method },
            request_body: body[0].readerRef,
            response: body[1].writerRef,
          }
          const { binding } = found
          const result = await iii.trigger<unknown, any>({
            function_id: binding.function_id,
            payload,
            binding: binding.id,
            timeoutMs: settings.defaultTimeoutMs,
            ...(binding.namespace !== undefined && { namespace: binding.namespace }),
            ...(binding.metadata !== undefined && { metadata: binding.metadata }),
          })
          response.writeHead(result?.status_code ?? 200, { 'content-type': 'application/json', ...result?.headers })
          response.end(JSON.stringify(result?.body ?? {}))
        })().catch((error: { code?: string; message: string }) => {
          response.writeHead(500, { 'content-type': 'application/json' })
          response.end(JSON.stringify({ error: { code: error.code ?? 'INTERNAL_ERROR', message: error.message } }))
        })
      })
    },
  })
  iii.registerTriggerType(HTTP_TRIGGER_TYPE, {
    registerTrigger(binding) {
      const { api_path, http_method = 'GET' } = binding.config
      if (typeof api_path !== 'string') throw new TypeError('api_path is required for http triggers')
      routes.set(binding.id, {
        id: binding.id,
        pattern: api_path,
        method: String(http_method).toUpperCase(),
        segments: api_path.replace(/^\//, '').split('/'),
        binding,
      })
    },
    unregisterTrigger: ({ id }) => void routes.delete(id),
  })
  return {
    addresses: () => [`http://${shownAddress(listener.address.host, listener.address.port)}`],
    stop: () => listener.close(),
  }
}

function paramsOf({ segments }: Route, path: readonly string[]): Record<string, string> | undefined {
  if (segments.length !== path.length) return undefined
  const params: Record<string, string> = {}
  for (const [at, segment] of segments.entries()) {
    const value = path[at]!
    if (segment.startsWith(':') && value !== '') params[segment.slice(1)] = value
    else if (segment !== value) return undefined
  }
  return params
}

function jsonOf(type: string | undefined, text: Buffer): unknown {
  if (type?.includes('application/json') !== true) return null
  try {
    return JSON.parse(text.toString())
  } catch {
    return null
  }
}
