// Reads a control message of a worker (everything but calls and results) with the leniency of spec 01 §3 and §6.
import { isRecord } from '../base/values/is-record.ts'
import type { RegisterFunction, WorkerMessage } from './messages.ts'
import { toErrorBody } from './errors.ts'

/** The message, or in words what is wrong with it. `null` = a type that is ignored on purpose or unknown. */
export type Decoded = WorkerMessage | { readonly problem: string } | null

/** Decodes a parsed frame whose `type` is neither `invokefunction` nor `invocationresult`. */
export function decodeControlMessage(frame: unknown): Decoded {
  if (!isRecord(frame)) return { problem: 'the frame is not an object' }
  const { type } = frame
  if (typeof type !== 'string') return { problem: "'type' is not a string" }
  // A type may be spelled like a member that every object has.
  const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined
  if (read === undefined) return null
  const missing = firstEmpty(read.required, frame)
  if (missing !== undefined) return { problem: `'${type}' needs a non-empty string '${missing}'` }
  const misplaced = isMisplaced(frame['namespace'])
    ? 'namespace'
    : isMisplaced(frame['trigger_namespace'])
      ? 'trigger_namespace'
      : undefined
  if (misplaced !== undefined) return { problem: `'${misplaced}' of '${type}' must be a string` }
  return read.build(frame)
}

/** Like all that runs for each frame of a fleet that is back: without iterators and callbacks. */
function firstEmpty(names: readonly string[], frame: Record<string, unknown>): string | undefined {
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string
    if (typeof frame[name] !== 'string' || frame[name] === '') return name
  }
  return undefined
}

function isMisplaced(namespace: unknown): boolean {
  return namespace != null && typeof namespace !== 'string'
}

interface Reader {
  readonly required: readonly string[]
  build(members: Record<string, unknown>): WorkerMessage
}

const READERS: Readonly<Record<string, Reader | undefined>> = {
  registerfunction: {
    required: ['id'],
    build: registerFunction,
  },
  unregisterfunction: { required: ['id'], build: (m) => ({ type: 'unregisterfunction', id: m['id'] as string }) },
  registerservice: {
    required: ['id'],
    build: (m) => ({
      type: 'registerservice',
      id: m['id'] as string,
      ...optionalString(m, 'name'),
      ...optionalString(m, 'description'),
      ...optionalString(m, 'parent_service_id'),
    }),
  },
  registertriggertype: {
    required: ['id'],
    build: (m) => ({
      type: 'registertriggertype',
      id: m['id'] as string,
      description: typeof m['description'] === 'string' ? m['description'] : '',
      ...optional(m, 'trigger_request_format'),
      ...optional(m, 'call_request_format'),
      ...optionalString(m, 'namespace'),
    }),
  },
  unregistertriggertype: { required: ['id'], build: (m) => ({ type: 'unregistertriggertype', id: m['id'] as string }) },
  registertrigger: {
    required: ['id', 'trigger_type', 'function_id'],
    build: (m) => ({
      type: 'registertrigger',
      id: m['id'] as string,
      trigger_type: m['trigger_type'] as string,
      function_id: m['function_id'] as string,
      config: m['config'] === undefined ? {} : m['config'],
      ...optional(m, 'metadata'),
      ...optionalString(m, 'namespace'),
      ...optionalString(m, 'trigger_namespace'),
    }),
  },
  unregistertrigger: {
    required: ['id'],
    build: (m) => ({ type: 'unregistertrigger', id: m['id'] as string, ...optionalString(m, 'trigger_type') }),
  },
  triggerregistrationresult: {
    required: ['id'],
    build: (m) => ({
      type: 'triggerregistrationresult',
      id: m['id'] as string,
      trigger_type: typeof m['trigger_type'] === 'string' ? m['trigger_type'] : '',
      function_id: typeof m['function_id'] === 'string' ? m['function_id'] : '',
      ...(m['error'] === undefined || m['error'] === null ? {} : { error: toErrorBody(m['error']) }),
    }),
  },
  reattach: {
    required: ['previous_worker_id'],
    build: (m) => ({
      type: 'reattach',
      previous_worker_id: m['previous_worker_id'] as string,
      ...optionalString(m, 'reattach_token'),
    }),
  },
  ping: { required: [], build: () => ({ type: 'ping' }) },
  pong: { required: [], build: () => ({ type: 'pong' }) },
}

/** The one that comes by the ten thousand: nothing is made for what is absent. */
function registerFunction({
  id,
  description,
  request_format: requestFormat,
  response_format: responseFormat,
  metadata,
  invocation,
}: Record<string, unknown>): WorkerMessage {
  // In one piece: members that come later are kept in an array beside the object.
  const message: RegisterFunction =
    typeof description === 'string'
      ? { type: 'registerfunction', id: id as string, description }
      : { type: 'registerfunction', id: id as string }
  if (requestFormat != null) message.request_format = requestFormat
  if (responseFormat != null) message.response_format = responseFormat
  if (metadata != null) message.metadata = metadata
  if (invocation != null) message.invocation = invocation
  return message
}

/** Absent and null mean the same for optional members. */
function optional<Name extends string>(members: Record<string, unknown>, name: Name): { [key in Name]?: unknown } {
  const value = members[name]
  return (value === undefined || value === null ? {} : { [name]: value }) as { [key in Name]?: unknown }
}

function optionalString<Name extends string>(members: Record<string, unknown>, name: Name): { [key in Name]?: string } {
  const value = members[name]
  return (typeof value === 'string' ? { [name]: value } : {}) as { [key in Name]?: string }
}
