// `queue::define`: makes a named queue while the engine runs, or changes its settings, and keeps that for the next start (spec 03 §3.4). It is
// written into the worker's settings, which then come back as any change of them does.
import { isDeepStrictEqual } from 'node:util'
import { unknownKey } from '../../base/values/closest-name.ts'
import type { AdapterChoice } from '../../kit/adapters/adapter-set.ts'
import type { BuiltInFunction } from '../../kit/functions/built-in-function.ts'
import { objectSchema } from '../../kit/functions/function-schemas.ts'
import { CodedError } from '../../protocol/errors.ts'
import type { TriggerRequest } from '../../sdk/handle-types.ts'
import { QUEUE_CONFIG_SCHEMA, queueSettings, type QueueConfig } from './config.ts'
import { failureOf } from './delivery.ts'
import type { NamedQueues } from './named-queues.ts'
import { nameFault } from './queue-name.ts'

export interface DefineContext {
  readonly queues: Pick<NamedQueues, 'find'>
  readonly call: (request: TriggerRequest) => Promise<unknown>
  readonly adapter: AdapterChoice | null | undefined
}

interface Definition {
  readonly queue: string
  readonly config: QueueConfig
}

/** The last one comes with every call. */
const MEMBERS = ['queue', 'config', '_caller_worker_id']
const SETTINGS_ID = 'iii-queue'
/** As long as the holder of the settings may take. */
const APPLY_MS = 90_000

export function defineFunction(context: DefineContext): BuiltInFunction<Definition> {
  const definitions = new Definitions(context)
  return {
    id: 'queue::define',
    description: 'Makes a named queue, or changes its settings, for good.',
    request: objectSchema(
      {
        queue: { type: 'string', description: 'Its name, without blanks around it.' },
        config: { ...QUEUE_CONFIG_SCHEMA, description: 'As in queue_configs; what is left out has its default.' },
      },
      ['queue'],
    ),
    response: objectSchema(
      {
        queue: { type: 'string' },
        changed: { type: 'boolean', description: 'false: it was there with these settings.' },
      },
      ['queue', 'changed'],
    ),
    decode: (input, reader) => {
      for (const member in input) if (!MEMBERS.includes(member)) reader.fail(unknownKey(member, MEMBERS.slice(0, -1)))
      const config = input['config'] ?? {}
      if (typeof config !== 'object' || Array.isArray(config)) return reader.wrong(input, 'config', 'an object')
      return { queue: reader.string(input, 'queue'), config: config as QueueConfig }
    },
    run: (definition) => definitions.define(definition),
  }
}

/** One after the other: each writes all the settings, with those of the ones before it. */
class Definitions {
  readonly #context: DefineContext
  #turn: Promise<unknown> = Promise.resolve()

  constructor(context: DefineContext) {
    this.#context = context
  }

  define(definition: Definition): Promise<{ queue: string; changed: boolean }> {
    const define = (): Promise<{ queue: string; changed: boolean }> => this.#define(definition)
    const next = this.#turn.then(define, define)
    this.#turn = next.catch(() => {})
    return next
  }

  async #define({ queue, config }: Definition): Promise<{ queue: string; changed: boolean }> {
    if (queue.trim() === '' || queue.trim() !== queue) {
      throw failed(`The name of a queue must not be empty and have no blanks around it, got ${JSON.stringify(queue)}.`)
    }
    const fault = nameFault(queue)
    if (fault !== undefined) throw failed(`The name of the queue, ${JSON.stringify(queue)}, ${fault}.`)
    if (this.#isAsIt(queue, config)) return { queue, changed: false }
    const current = await this.#settings()
    const queues = { ...(current['queue_configs'] as object | null | undefined), [queue]: config }
    await this.#call('configuration::set', { id: SETTINGS_ID, value: { ...current, queue_configs: queues } })
    return { queue, changed: true }
  }

  /** Where the settings do not fit, whoever keeps them says so. */
  #isAsIt(queue: string, config: QueueConfig): boolean {
    try {
      return isDeepStrictEqual(
        this.#context.queues.find(queue)?.settings,
        queueSettings(queue, config, this.#context.adapter),
      )
    } catch (error) {
      throw failed((error as Error).message)
    }
  }

  /** As they were written: placeholders stay what they are. */
  async #settings(): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.#call('configuration::get', { id: SETTINGS_ID, raw: true })
    const { value } = answer as { value?: Readonly<Record<string, unknown>> | null }
    return value ?? {}
  }

  async #call(functionId: string, payload: unknown): Promise<unknown> {
    let answer: unknown
    const error = await failureOf(
      this.#context
        .call({ function_id: functionId, payload, timeoutMs: APPLY_MS })
        .then((value) => void (answer = value)),
    )
    if (error !== undefined) throw failed(`${functionId}: ${error.code}: ${error.message}`)
    return answer
  }
}

function failed(message: string): CodedError {
  return new CodedError('queue_define_failed', message)
}
