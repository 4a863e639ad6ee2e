// The frames of a worker on a socket (spec 01 §6), as text. Payloads are JSON already and go in as they are.
import { parseWithMetadata } from '../../base/values/exact-json.ts'
import { randomUuid } from '../../base/values/random-uuid.ts'
import type { Sidecar } from '../../protocol/ring/sidecar.ts'
import type { SocketAnnouncement } from './socket-options.ts'
import type { Frame } from './socket-platform.ts'

/**
 * What the announce says of the version: that of the SDK whose sequence of frames and reactions these are.
 * Engines answer older clients in older ways.
 */
const SDK_VERSION = '0.23.0'

/** A call that was delivered here and is to be answered. */
export interface DeliveredCall {
  readonly invocationId: string
  readonly functionId: string
  readonly traceparent: string | undefined
  readonly baggage: string | undefined
}

/** Gives out invocation ids for the calls of one connection, from which the number of the call can be read again. */
export class InvocationIds {
  /** Upstream engines know calls by this id alone, so it differs from those of all other workers. */
  readonly #prefix = randomUuid().slice(0, 28)

  idOf(callId: number): string {
    return this.#prefix + callId.toString(16).padStart(8, '0')
  }

  /** undefined for an id that another connection gave out. */
  callOf(invocationId: string): number | undefined {
    return invocationId.startsWith(this.#prefix) ? Number.parseInt(invocationId.slice(28), 16) : undefined
  }
}

/** `invocationId` undefined: nobody waits for the answer. */
export function callFrame(
  invocationId: string | undefined,
  functionId: string,
  payload: string | undefined,
  { traceparent, baggage, metadata, namespace, action }: Sidecar = {},
): string {
  const id = invocationId === undefined ? '' : `"invocation_id":"${invocationId}",`
  const mode = invocationId === undefined ? (action ?? { type: 'void' }) : action
  // Without `data` an upstream engine drops the frame (spec 01 §3).
  return (
    `{"type":"invokefunction",${id}"function_id":${JSON.stringify(functionId)},"data":${payload ?? 'null'}` +
    `${member('action', mode)}${member('metadata', metadata)}${member('namespace', namespace)}` +
    `${member('traceparent', traceparent)}${member('baggage', baggage)}}`
  )
}

export function resultFrame(call: DeliveredCall, result: string | undefined): string {
  return answerFrame(call, result === undefined ? '' : `,"result":${result}`)
}

export function errorFrame(call: DeliveredCall, error: string): string {
  return answerFrame(call, `,"error":${error}`)
}

/** @param about what the surface says of itself */
export function announceFrame({ name, description, namespace, more }: SocketAnnouncement, about: object): string {
  const data = {
    version: SDK_VERSION,
    name,
    ...(description === undefined ? {} : { description }),
    ...(namespace === undefined ? {} : { namespace }),
    ...about,
    ...more,
  }
  return callFrame(undefined, 'engine::workers::register', JSON.stringify(data))
}

const decoder = new TextDecoder()

export function textOf(frame: Frame): string {
  return typeof frame === 'string' ? frame : decoder.decode(frame)
}

/** A message of the engine as an object; an empty one when it is none. */
export function parseMessage(frame: Frame): Readonly<Record<string, unknown>> {
  try {
    const message = parseWithMetadata(textOf(frame))
    return typeof message === 'object' && message !== null ? (message as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function answerFrame({ invocationId, functionId, traceparent, baggage }: DeliveredCall, outcome: string): string {
  return (
    `{"type":"invocationresult","invocation_id":${JSON.stringify(invocationId)},"function_id":${JSON.stringify(functionId)}` +
    `${outcome}${member('traceparent', traceparent)}${member('baggage', baggage)}}`
  )
}

function member(name: string, value: unknown): string {
  const json = JSON.stringify(value) as string | undefined
  return json === undefined ? '' : `,"${name}":${json}`
}

/** Of a call that has arrived. */
export function sidecarJson(
  traceparent: string | undefined,
  baggage: string | undefined,
  metadata: string | undefined,
): string | undefined {
  if (traceparent === undefined && baggage === undefined && metadata === undefined) return undefined
  const members = [
    ...(traceparent === undefined ? [] : [`"traceparent":${JSON.stringify(traceparent)}`]),
    ...(baggage === undefined ? [] : [`"baggage":${JSON.stringify(baggage)}`]),
    ...(metadata === undefined ? [] : [`"metadata":${metadata}`]),
  ]
  return `{${members.join(',')}}`
}
