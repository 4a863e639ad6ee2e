// What the command line asks to follow the logs of a worker and the stages of an operation in an engine elsewhere. Each call answers with a
// page at once, or when something has come; whoever asks again misses nothing. They are no part of what iii has.
import type { FunctionRegistrar } from '../../../sdk/built-in.ts'
import { objectSchema } from '../../../kit/functions/function-schemas.ts'
import { toWorkerOpError, WorkerOpError } from '../errors.ts'
import { OperationInput } from '../operations/input.ts'
import type { Project } from '../project.ts'
import { checkName } from '../worker-name.ts'
import { EVENT_LIMITS, type EventTail } from './event-tail.ts'

export interface FollowDeps {
  readonly tail: EventTail
  readonly project: () => Promise<Project>
  readonly env: Readonly<Record<string, string | undefined>>
}

const INTERNAL = { internal: true }
const MAX_LINES = 1_000
const MAX_WAIT_MS = 25_000
const WAIT = {
  type: 'integer',
  minimum: 0,
  maximum: MAX_WAIT_MS,
  description: 'How long to wait where nothing has come. Default 0.',
} as const

export function registerFollowFunctions(iii: FunctionRegistrar, deps: FollowDeps): void {
  iii.registerFunction('worker::logs::tail', coded(logsTail(deps)), {
    description: 'Reads on in the logs of a worker',
    request_format: objectSchema(
      {
        name: { type: 'string', description: 'Name of the worker.' },
        after: { type: 'string', description: '`next` of the page before. Default: the last lines.' },
        tail: {
          type: 'integer',
          minimum: 0,
          maximum: MAX_LINES,
          description: 'Last lines of each stream. Default 100.',
        },
        raw: { type: 'boolean', description: 'With terminal sequences. Default false.' },
        wait_ms: WAIT,
      },
      ['name'],
    ),
    response_format: objectSchema(
      {
        lines: {
          type: 'array',
          items: objectSchema({ stream: { enum: ['stdout', 'stderr'] }, line: { type: 'string' } }, ['stream', 'line']),
        },
        next: { type: 'string' },
        missed: { type: 'boolean', description: 'Lines are missing: files have gone.' },
        more: { type: 'boolean' },
      },
      ['lines', 'next', 'missed', 'more'],
    ),
    metadata: INTERNAL,
  })
  iii.registerFunction('worker::events::tail', coded(eventsTail(deps)), {
    description: 'Tells the stages of operations on workers',
    request_format: objectSchema(
      {
        after: { type: 'integer', minimum: 0, description: '`next` of the page before. Default: none that have been.' },
        wait_ms: WAIT,
      },
      [],
    ),
    response_format: objectSchema(
      {
        events: { type: 'array', items: { type: 'object' }, description: `At most ${EVENT_LIMITS.page}.` },
        next: { type: 'integer' },
        missed: { type: 'integer' },
      },
      ['events', 'next', 'missed'],
    ),
    metadata: INTERNAL,
  })
}

function logsTail(deps: FollowDeps) {
  const waiting = new Set<symbol>()
  return async (data: unknown): Promise<unknown> => {
    const input = new OperationInput('worker::logs::tail', data)
    const name = checkName(input.text('name'))
    const question = {
      after: input.optionalText('after'),
      tail: input.count('tail', 100, 0, MAX_LINES),
      raw: input.flag('raw'),
      waitMs: input.count('wait_ms', 0, 0, MAX_WAIT_MS),
    }
    const [{ tailLogs }, { logFolderOf }] = await Promise.all([
      import('./log-tail.ts'),
      import('../operations/log-files.ts'),
    ])
    const project = await deps.project()
    const folder = (await logFolderOf(name, { project, env: deps.env })) ?? `${project.logsDir}/${name}`
    if (waiting.size >= EVENT_LIMITS.waiting)
      throw new WorkerOpError('W900', `More than ${EVENT_LIMITS.waiting} callers follow logs. End some of them.`)
    const one = Symbol(name)
    waiting.add(one)
    try {
      return await tailLogs({ folder, ...question })
    } finally {
      waiting.delete(one)
    }
  }
}

function eventsTail({ tail }: FollowDeps) {
  return async (data: unknown): Promise<unknown> => {
    const input = new OperationInput('worker::events::tail', data)
    const after = input.count('after', undefined, 0, Number.MAX_SAFE_INTEGER)
    return await tail.page(after, input.count('wait_ms', 0, 0, MAX_WAIT_MS))
  }
}

function coded(run: (data: unknown) => Promise<unknown>): (data: unknown) => Promise<unknown> {
  return async (data) => {
    try {
      return await run(data)
    } catch (error) {
      throw toWorkerOpError(error)
    }
  }
}
