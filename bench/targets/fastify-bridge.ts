// Reference: what one would write first to have functions of workers behind HTTP. Each route of fastify sends a call over `ws` to the worker
// that registered the function, by `JSON.stringify`, and awaits its answer. It speaks just enough of the protocol for the load.
// Fastify is no dependency of the package: whoever compares installs it.
import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { WebSocketServer, type WebSocket } from 'ws'
import { announce } from './announce.ts'

interface Message {
  type: string
  id?: string
  invocation_id?: string
  function_id?: string
  config?: { api_path: string; http_method: string }
  result?: Result
  error?: { code: string; message: string }
}

interface Result {
  readonly status_code: number
  readonly body: unknown
}

const HOST = '127.0.0.1'
const PACKAGE: string = 'fastify'
const { default: fastify } = (await import(PACKAGE)) as { default: () => FastifyInstance }

const functions = new Map<string, WebSocket>()
/** By route: the function that serves it. */
const routes = new Map<string, string>()
const pending = new Map<string, PromiseWithResolvers<Result>>()

const app = fastify()
// Routes cannot be added to a server that listens: the routes of the load are there from the beginning.
for (const [method, url] of [
  ['GET', '/bench/items/:n'],
  ['POST', '/bench/items'],
] as const) {
  app.route({
    method,
    url,
    handler: async (request, reply) => {
      const functionId = routes.get(`${method} ${url}`)
      const worker = functions.get(functionId ?? '')
      if (functionId === undefined || worker === undefined) return reply.code(404).send({ error: 'nobody serves it' })
      const { status_code, body } = await call(worker, functionId, inputOf(url, request))
      return reply.code(status_code).send(body)
    },
  })
}

function inputOf(path: string, { query, params, headers, method, body }: FastifyRequest): object {
  return { query_params: query, path_params: params, headers, path, method, body: body ?? null }
}

function call(worker: WebSocket, function_id: string, data: object): Promise<Result> {
  const invocation_id = randomUUID()
  const answer = Promise.withResolvers<Result>()
  pending.set(invocation_id, answer)
  worker.send(JSON.stringify({ type: 'invokefunction', invocation_id, function_id, data }))
  return answer.promise
}

function handle(from: WebSocket, message: Message): void {
  const { type, id = '', invocation_id = '', function_id = '', config, result, error } = message
  if (type === 'registerfunction') functions.set(id, from)
  if (type === 'registertrigger') routes.set(`${config?.http_method} ${config?.api_path}`, function_id)
  if (type === 'invokefunction') from.send(JSON.stringify({ type: 'invocationresult', invocation_id, result: null }))
  if (type !== 'invocationresult') return
  const answer = pending.get(invocation_id)
  pending.delete(invocation_id)
  if (result === undefined) answer?.reject(new Error(error?.message ?? 'no result'))
  else answer?.resolve(result)
}

const server = new WebSocketServer({ host: HOST, port: 0, perMessageDeflate: false })
server.on('connection', (socket) => {
  socket.on('message', (data) => handle(socket, JSON.parse(String(data)) as Message))
  socket.on('close', () => {
    for (const [id, owner] of functions) if (owner === socket) functions.delete(id)
  })
  socket.on('error', () => socket.terminate())
})

const httpUrl = await app.listen({ host: HOST, port: 0 })
const { port } = server.address() as { port: number }
announce(`ws://${HOST}:${port}`, { httpUrl })
