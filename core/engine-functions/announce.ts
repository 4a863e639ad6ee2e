// `engine::workers::register`: what a worker says of itself right after it connected (spec 01 §7, 04 C.3).
import { CodedError } from '../../protocol/errors.ts'
import type { Worker, WorkerAnnouncement, WorkerTelemetry } from '../model/worker.ts'
import type { WorkerTable } from '../router/ports.ts'
import {
  BOOLEAN,
  INTEGER,
  OBJECT,
  answerSchema,
  objectSchema,
  STRING,
  type EngineFunction,
} from '../model/engine-function.ts'
import type { EngineFunctionDeps } from './deps.ts'
import { runtimeLimit } from '../model/frame-limit.ts'
import { isTrusted } from '../model/policy.ts'
import { Input } from '../model/input.ts'
import { isAtLeast } from '../model/sdk-version.ts'

const ID = 'engine::workers::register'
const MAX_CHARACTERS = 280
/** Control characters, line and paragraph separators, and what turns the direction of text: nothing of these belongs in a name. */
const UNPRINTABLE = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu
/** The first version of the SDK that gives up when its name is refused instead of reconnecting for ever. */
const GIVES_UP_SINCE = [0, 23] as const

export function announceFunctions(deps: EngineFunctionDeps): EngineFunction[] {
  return [
    {
      id: ID,
      description: 'Tells the engine name, runtime and version of the calling worker',
      requestFormat: objectSchema({
        runtime: STRING,
        version: STRING,
        name: STRING,
        description: STRING,
        os: STRING,
        pid: INTEGER,
        isolation: STRING,
        namespace: STRING,
        telemetry: OBJECT,
      }),
      responseFormat: answerSchema({ success: BOOLEAN }),
      handler: (raw, { caller }) => announce(deps, raw, caller),
    },
  ]
}

function announce(deps: EngineFunctionDeps, raw: unknown, worker: Worker): object {
  const { table, duplicateWorkers, log, discovery, onAnnounced, onRefused } = deps
  if (raw == null) throw new CodedError('deserialization_error', `${ID}: the input is missing`)
  const input = new Input(ID, raw)
  const said = read(input, worker.announcement)
  const namespace = input.string('namespace')
  if (namespace !== undefined && namespace.trim() === '') {
    throw new CodedError('INVALID_NAMESPACE', "'namespace' is empty: omit it or give a name")
  }
  // What runs inside the engine is named by the configuration.
  if (worker.policy.kind === 'engine' || worker.internal !== undefined) return { success: true }
  if (namespace !== undefined && namespace !== worker.namespace) {
    log.warn(
      `worker '${said.name ?? worker.id}' stays in namespace '${worker.namespace}': it named '${namespace}' too late`,
      { worker: worker.id },
    )
  }
  const rival = duplicateWorkers === 'reject' ? namesake(table, worker, said.name) : undefined
  if (rival !== undefined && isAtLeast(said.version, GIVES_UP_SINCE)) {
    const { listener, ipAddress: ip } = worker
    onRefused?.({ worker: said.name, reason: 'another worker has its name', listener, ip })
    return reject(worker, rival, said.name as string)
  }
  worker.announcement = said
  const limit = runtimeLimit(said.runtime, said.version)
  if (limit !== undefined) worker.link.limitFrames(limit)
  onAnnounced?.(worker)
  discovery.workerMetadataUpdated(worker)
  return { success: true }
}

/** An absent member keeps its old value, except runtime and version. */
function read(input: Input, before: WorkerAnnouncement | undefined): WorkerAnnouncement {
  return {
    runtime: input.string('runtime') ?? 'unknown',
    version: input.string('version'),
    name: sanitised(input.string('name')) ?? before?.name,
    description: sanitised(input.string('description')) ?? before?.description,
    os: input.string('os') ?? before?.os,
    pid: input.unsigned32('pid') ?? before?.pid,
    isolation: input.string('isolation') ?? before?.isolation,
    telemetry: readTelemetry(input.value('telemetry')) ?? before?.telemetry,
  }
}

/** Three texts are kept; whatever else it says is nobody's business, and no reason to refuse a worker (spec 04 C.3). */
function readTelemetry(said: unknown): WorkerTelemetry | undefined {
  if (typeof said !== 'object' || said === null) return undefined
  const text = (name: keyof WorkerTelemetry): string | null => {
    const value = Object.hasOwn(said, name) ? (said as Record<string, unknown>)[name] : undefined
    return typeof value === 'string' ? (sanitised(value) ?? null) : null
  }
  return { language: text('language'), project_name: text('project_name'), framework: text('framework') }
}

function sanitised(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const printed = text.replace(UNPRINTABLE, '')
  const isShort = printed.length <= MAX_CHARACTERS
  const clean = (isShort ? printed : [...printed].slice(0, MAX_CHARACTERS).join('')).trim()
  return clean === '' ? undefined : clean
}

/** Sessions and trusted workers have names of their own: neither takes one from the other, or learns that it is there (spec 09 §4 a). */
function namesake(table: WorkerTable, worker: Worker, name: string | undefined): Worker | undefined {
  if (name === undefined) return undefined
  for (const other of table.workers.values()) {
    if (isTrusted(other.policy) !== isTrusted(worker.policy)) continue
    if (other === worker || other.phase !== 'open' || !other.link.open || other.internal !== undefined) continue
    if (other.namespace === worker.namespace && other.announcement?.name === name) return other
  }
  return undefined
}

function reject(worker: Worker, owner: Worker, name: string): object {
  worker.link.send({
    type: 'registrationrejected',
    code: 'WORKER_NAMESPACE_CONFLICT',
    namespace: worker.namespace,
    owner_worker_id: isTrusted(worker.policy) ? owner.id : '',
    worker_name: name,
  })
  // After the answer to this call, which is written when this returns.
  setImmediate(() => worker.link.close(1000, 'worker name is taken'))
  return { success: false }
}
