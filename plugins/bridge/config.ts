// The `config` block of `iii-bridge` (spec 06 C.1): its schema, and its values with the defaults filled in.
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { JsonSchema } from '../../sdk/plugin.ts'

/** Default of `timeout_ms`, of an alias and of `bridge.invoke`. */
export const DEFAULT_TIMEOUT_MS = 30_000
/** Longest time that a timer takes. */
export const MAX_TIMEOUT_MS = 2_147_483_647
/** Name on the other engine where the settings say none: the one that iii gives its bridges. */
const WORKER_NAME = 'iii-bridge-client'
/** Where an engine listens when nothing else is said. */
const DEFAULT_URL = 'ws://127.0.0.1:49134'

interface ExposeConfig {
  readonly local_function: string
  readonly remote_function?: string | null
}

interface ForwardConfig {
  readonly local_function: string
  readonly remote_function: string
  readonly timeout_ms?: number | null
  readonly namespace?: string | null
}

export interface BridgeConfig {
  readonly url?: string | null
  readonly service_id?: string | null
  readonly service_name?: string | null
  readonly namespace?: string | null
  readonly expose?: readonly ExposeConfig[] | null
  readonly forward?: readonly ForwardConfig[] | null
}

const name = (description: string): JsonSchema => ({ type: 'string', minLength: 1, description })
const optionalName = (description: string): JsonSchema => ({ type: ['string', 'null'], minLength: 1, description })

export const BRIDGE_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    url: optionalName(
      `ws:// or wss:// address of a worker listener of the other engine; 0.0.0.0 means loopback. Default: the environment variable III_URL, else ${DEFAULT_URL}.`,
    ),
    service_id: optionalName('Told to the other engine as the group of the exposed functions. Default: none.'),
    service_name: optionalName(
      `Name of this bridge on the other engine. Default: service_id, and where there is none ${WORKER_NAME}.`,
    ),
    namespace: optionalName(
      'Namespace of the connection on the other engine, and so of exposed functions. Default: default.',
    ),
    expose: {
      type: ['array', 'null'],
      description: 'Functions of this engine that the other one may call. Default: none.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['local_function'],
        properties: {
          local_function: name('Id of the function here. It need not exist yet.'),
          remote_function: optionalName('Id under which the other engine has it. Default: local_function.'),
        },
      },
    },
    forward: {
      type: ['array', 'null'],
      description: 'Functions of the other engine that can be called here under an id of this engine. Default: none.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['local_function', 'remote_function'],
        properties: {
          local_function: name('Id here.'),
          remote_function: name('Id on the other engine.'),
          timeout_ms: {
            type: ['integer', 'null'],
            minimum: 1,
            maximum: MAX_TIMEOUT_MS,
            description: `Milliseconds until a call fails, with the wait for the connection. Default ${DEFAULT_TIMEOUT_MS}.`,
          },
          namespace: optionalName('Where the other engine looks for the function. Default: default.'),
        },
      },
    },
  },
}

/** What a connection to the other engine is made by. */
export interface ConnectionSettings {
  readonly url: string
  readonly workerName: string
  readonly service: { readonly id: string; readonly name: string } | undefined
  readonly namespace: string | undefined
}

export interface Forward {
  readonly localId: string
  readonly remoteId: string
  readonly timeoutMs: number
  readonly namespace: string | undefined
}

export interface BridgeSettings {
  readonly connection: ConnectionSettings
  /** Ids here, by their ids on the other engine. */
  readonly exposed: ReadonlyMap<string, string>
  /** By their ids here. */
  readonly forwards: ReadonlyMap<string, Forward>
}

/** Throws an error that names the setting. The block has passed the schema; whether `url` is an address is seen when it is opened. */
export function readSettings(config: BridgeConfig, env: Readonly<Record<string, string | undefined>>): BridgeSettings {
  const { service_id: id, service_name: serviceName } = config
  const exposed = new Map<string, string>()
  for (const [at, { local_function: localId, remote_function }] of (config.expose ?? []).entries()) {
    const remoteId = remote_function ?? localId
    if (exposed.has(remoteId))
      throw new Error(`expose[${at}]: '${remoteId}' is exposed already; give each remote_function once`)
    exposed.set(remoteId, localId)
  }
  const forwards = new Map<string, Forward>()
  for (const [at, forward] of (config.forward ?? []).entries()) {
    const { local_function: localId, remote_function: remoteId } = forward
    if (localId.startsWith('engine::'))
      throw new Error(`forward[${at}]: ids that begin with 'engine::' are the engine's; name '${localId}' otherwise`)
    if (forwards.has(localId))
      throw new Error(`forward[${at}]: '${localId}' is forwarded already; give each local_function once`)
    const { timeout_ms: timeoutMs, namespace } = forward
    forwards.set(localId, {
      localId,
      remoteId,
      timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS,
      namespace: namespace ?? undefined,
    })
  }
  const namespace = config.namespace ?? DEFAULT_NAMESPACE
  return {
    connection: {
      url: config.url ?? (env['III_URL']?.trim() || DEFAULT_URL),
      workerName: serviceName ?? id ?? WORKER_NAME,
      service: id == null ? undefined : { id, name: serviceName ?? id },
      namespace: namespace === DEFAULT_NAMESPACE ? undefined : namespace,
    },
    exposed,
    forwards,
  }
}
