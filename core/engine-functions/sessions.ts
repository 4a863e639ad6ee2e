// `engine::sessions::*`: connections to listeners with `rbac`, what they may do, and how to end one (spec 09 §3).
import { CodedError } from '../../protocol/errors.ts'
import type { Worker } from '../model/worker.ts'
import type { TriggerRegistry } from '../registry/triggers.ts'
import type { WorkerTable } from '../router/ports.ts'
import {
  BOOLEAN,
  OBJECTS,
  answerSchema,
  objectSchema,
  reading,
  STRING,
  type EngineFunction,
} from '../model/engine-function.ts'

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
      requestFormat: objectSchema({}),
      responseFormat: answerSchema({ sessions: OBJECTS }),
      handler: reading('engine::sessions::list', () => ({ sessions: [...table.workers.values()].flatMap(rowOf) })),
    },
    {
      id: 'engine::sessions::revoke',
      description:
        'Ends a session: its connection is closed with 1008, and what it made by engine::register_trigger goes',
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
        // What it left behind by engine::register_trigger has its rights no more.
        triggers.dropMadeUnder(worker.policy)
        return { revoked: true }
      }),
    },
  ]
}

function rowOf({ id, listener, ipAddress, connectedAt, policy, sessionCounts }: Worker): object[] {
  if (policy.kind !== 'session') return []
  const { prefix, allowedFunctions, forbiddenFunctions, expiresInMs } = policy.rights
  return [
    {
      worker_id: id,
      listener: listener ?? null,
      ip_address: ipAddress ?? null,
      connected_at: new Date(connectedAt).toISOString(),
      ...(prefix === undefined ? {} : { prefix }),
      allowed: allowedFunctions,
      forbidden: forbiddenFunctions,
      ...(expiresInMs === undefined
        ? {}
        : { expires_at: new Date(Math.min(connectedAt + expiresInMs, LATEST_DATE)).toISOString() }),
      ...sessionCounts,
    },
  ]
}
