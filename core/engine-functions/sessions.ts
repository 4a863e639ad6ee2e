// `engine::sessions::*`: connections to listeners with `rbac`, what they may do, and how to end one (spec 09 §3).
import { maskSecrets } from '../../base/values/masking.ts'
import { CodedError } from '../../protocol/errors.ts'
import type { Input } from '../model/input.ts'
import type { Worker } from '../model/worker.ts'
import type { TriggerRegistry } from '../registry/triggers.ts'
import type { WorkerTable } from '../router/ports.ts'
import {
  BOOLEAN,
  INTEGER,
  OBJECTS,
  answerSchema,
  objectSchema,
  reading,
  STRING,
  type EngineFunction,
} from '../model/engine-function.ts'

/** What `limit` may be, and is where it is not said. */
export const SESSIONS_OF_AN_ANSWER = { initial: 1_000, max: 10_000 } as const
/** What a `Date` can show. */
const LATEST_DATE = 8.64e15

export function sessionFunctions(
  table: WorkerTable,
  triggers: Pick<TriggerRegistry, 'dropMadeUnder'>,
): EngineFunction[] {
  return [
    {
      id: 'engine::sessions::list',
      description: 'Lists the sessions of listeners with rbac, oldest first',
      requestFormat: objectSchema({ worker_id: STRING, listener: STRING, limit: INTEGER, offset: INTEGER }),
      responseFormat: answerSchema({ sessions: OBJECTS, total: INTEGER }),
      handler: reading('engine::sessions::list', (input) => list(table, input)),
    },
    {
      id: 'engine::sessions::revoke',
      description:
        'Ends a session: its connection is closed with 1008, and the triggers that it made by a call are removed',
      requestFormat: objectSchema({ worker_id: STRING }, ['worker_id']),
      responseFormat: answerSchema({ revoked: BOOLEAN }),
      handler: reading('engine::sessions::revoke', (input) => {
        const id = input.requiredString('worker_id')
        const worker = table.workers.get(id)
        if (worker === undefined || worker.policy.kind !== 'session') {
          throw new CodedError('NOT_FOUND', `There is no session of worker '${id}'; engine::sessions::list names them`)
        }
        worker.link.close(1008, 'session revoked')
        table.endWorker(worker, { abnormal: false })
        triggers.dropMadeUnder(worker.policy)
        return { revoked: true }
      }),
    },
  ]
}

function list({ workers }: WorkerTable, input: Input): object {
  const id = input.string('worker_id')
  const listener = input.string('listener')
  const { initial, max } = SESSIONS_OF_AN_ANSWER
  const limit = Math.min(input.unsigned32('limit') ?? initial, max)
  const offset = input.unsigned32('offset') ?? 0
  const all = [...workers.values()].filter(
    (worker) =>
      worker.policy.kind === 'session' &&
      (id === undefined || worker.id === id) &&
      (listener === undefined || worker.listener === listener),
  )
  return { sessions: all.slice(offset, offset + limit).flatMap(rowOf), total: all.length }
}

function rowOf({ id, name, listener, ipAddress, connectedAt, policy, sessionCalls, sessionDenied }: Worker): object[] {
  if (policy.kind !== 'session') return []
  const { middleware, rights } = policy
  const { expiresInMs, prefix } = rights
  const end = expiresInMs === undefined ? undefined : Math.min(connectedAt + expiresInMs, LATEST_DATE)
  return [
    {
      worker_id: id,
      name: name ?? null,
      listener: listener ?? null,
      ip_address: ipAddress ?? null,
      connected_at: new Date(connectedAt).toISOString(),
      ...(prefix === undefined ? {} : { prefix }),
      allowed: rights.allowedFunctions,
      forbidden: rights.forbiddenFunctions,
      exposed: rights.expose,
      namespaces: rights.namespaces,
      allow_function_registration: rights.allowFunctionRegistration,
      allow_trigger_type_registration: rights.allowTriggerTypeRegistration,
      allowed_trigger_types: rights.allowedTriggerTypes ?? null,
      asks: {
        middleware: middleware ?? null,
        function_registration: rights.onFunctionRegistration ?? null,
        trigger_registration: rights.onTriggerRegistration ?? null,
        trigger_type_registration: rights.onTriggerTypeRegistration ?? null,
      },
      // Whoever looks at it is to see who a session is, not to become it.
      context: maskSecrets(rights.context),
      ...(end === undefined ? {} : { expires_at: new Date(end).toISOString() }),
      calls: sessionCalls,
      denied: sessionDenied,
    },
  ]
}
