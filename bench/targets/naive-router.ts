// Reference: the router that one would write first. Parses every frame, looks the function up in a map, serialises the
// message again and sends it with one `ws.send`. It speaks just enough of the protocol for the load to run against it, and has
// `publish`, `stream::set` and `state::set` built in; what is set is kept in a map.
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { announce } from './announce.ts'
import { NaiveStream, type StreamSet } from './naive-stream.ts'

interface Message {
  type: string
  id?: string
  invocation_id?: string
  function_id?: string
  trigger_type?: string
  config?: { topic?: string; scope?: string }
  data?: unknown
  action?: { type?: string }
}

const functions = new Map<string, WebSocket>()
const triggerTypes = new Map<string, WebSocket>()
/** Functions that subscribed to a topic. */
const topics = new Map<string, Set<string>>()
/** Functions bound to the changes of a scope. */
const scopes = new Map<string, Set<string>>()
const state = new Map<string, unknown>()
/** Callers by the id of the call; void calls have none. */
const callers = new Map<string, WebSocket>()
const workerIds = new WeakMap<WebSocket, string>()
const stream = await NaiveStream.open()

function handle(from: WebSocket, message: Message): void {
  switch (message.type) {
    case 'invokefunction':
      return call(from, message)
    case 'invocationresult':
      return answer(message)
    case 'registerfunction':
      return void functions.set(message.id ?? '', from)
    case 'unregisterfunction':
      return void functions.delete(message.id ?? '')
    case 'registertriggertype':
      return void triggerTypes.set(message.id ?? '', from)
    case 'registertrigger':
      return bind(message)
  }
}

function bind(message: Message): void {
  const { trigger_type = '', config, function_id = '' } = message
  if (trigger_type === 'subscribe') subscribe(topics, config?.topic, function_id)
  else if (trigger_type === 'state') subscribe(scopes, config?.scope, function_id)
  else triggerTypes.get(trigger_type)?.send(JSON.stringify(message))
}

function subscribe(all: Map<string, Set<string>>, subject = '', functionId: string): void {
  const bound = all.get(subject) ?? new Set<string>()
  all.set(subject, bound)
  bound.add(functionId)
}

function call(from: WebSocket, message: Message): void {
  const { invocation_id, function_id = '', data = null, action } = message
  if (function_id === 'publish') return reply(from, message, publish(data as { topic: string; data: unknown }))
  if (function_id === 'stream::set') return reply(from, message, stream.set(data as StreamSet))
  if (function_id === 'state::set') return setState(from, message)
  const waits = invocation_id !== undefined && action?.type !== 'void'
  const callee = functions.get(function_id)
  if (callee === undefined) {
    const error = { code: 'function_not_found', message: `Function ${function_id} not found` }
    if (waits) from.send(JSON.stringify({ type: 'invocationresult', invocation_id, function_id, error }))
    return
  }
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) {
    Object.assign(data, { _caller_worker_id: workerIds.get(from) })
  }
  const id = waits ? invocation_id : randomUUID()
  if (waits) callers.set(id, from)
  callee.send(JSON.stringify({ type: 'invokefunction', invocation_id: id, function_id, data }))
}

function publish({ topic, data }: { topic: string; data: unknown }): null {
  fire(topics.get(topic), data)
  return null
}

function fire(bound: Iterable<string> = [], data: unknown): void {
  for (const function_id of bound) {
    const invocation_id = randomUUID()
    functions.get(function_id)?.send(JSON.stringify({ type: 'invokefunction', invocation_id, function_id, data }))
  }
}

function setState(from: WebSocket, message: Message): void {
  const { scope, key, value } = message.data as { scope: string; key: string; value: unknown }
  const name = JSON.stringify([scope, key])
  const old_value = state.get(name) ?? null
  state.set(name, value)
  reply(from, message, { old_value, new_value: value })
  const event_type = old_value === null ? 'state:created' : 'state:updated'
  fire(scopes.get(scope), { type: 'state', event_type, scope, key, old_value, new_value: value })
}

function reply(to: WebSocket, { invocation_id, function_id }: Message, result: unknown): void {
  to.send(JSON.stringify({ type: 'invocationresult', invocation_id, function_id, result }))
}

function answer(message: Message): void {
  const id = message.invocation_id ?? ''
  const caller = callers.get(id)
  callers.delete(id)
  caller?.send(JSON.stringify(message))
}

function forget(socket: WebSocket): void {
  for (const map of [functions, triggerTypes, callers]) {
    for (const [id, owner] of map) if (owner === socket) map.delete(id)
  }
  for (const bound of [...topics.values(), ...scopes.values()]) {
    for (const id of bound) if (!functions.has(id)) bound.delete(id)
  }
}

// As many may wait to be accepted as at the engine: who is turned away tries again after a second.
const BACKLOG = 4_096
const options = { host: '127.0.0.1', port: 0, backlog: BACKLOG, perMessageDeflate: false } as const
const server = new WebSocketServer(options, () => {
  announce(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { streamUrl: stream.url })
})
server.on('connection', (socket) => {
  const worker_id = randomUUID()
  workerIds.set(socket, worker_id)
  socket.send(JSON.stringify({ type: 'workerregistered', worker_id, reattach_token: randomUUID() }))
  socket.on('message', (data) => handle(socket, JSON.parse(String(data)) as Message))
  socket.on('close', () => forget(socket))
  socket.on('error', () => socket.terminate())
})
