// One worker's view of an engine with a built-in worker that fires triggers: what the cases of state, streams and pub/sub run on,
// over a plugin alone (plugin-run.ts) or over a connection to a whole engine.
import type { ErrorBody } from '../../protocol/errors.ts'
import type { RawClient } from './raw-client.ts'

export type TestHandler = (data: never, metadata?: unknown) => unknown

export interface TestBinding {
  readonly id: string
  readonly function_id: string
  readonly config: unknown
  readonly metadata?: unknown
}

/** What it sends arrives in the order sent. */
export interface WorkerRun {
  /** Resolves with `undefined` when the answer has no result; rejects with an error that has `code` and `message`. */
  call(functionId: string, input: unknown): Promise<any>
  /** Registers a function of this worker; later calls find it. */
  provide(functionId: string, handler: TestHandler): void | Promise<void>
  /** Binds the trigger type of the run; the same id again replaces. Need not wait: later calls arrive later. */
  bind(binding: TestBinding): void | Promise<void>
  unbind(id: string): void | Promise<void>
  /** Binds and waits for the refusal. */
  refusalOf(binding: TestBinding): Promise<ErrorBody>
}

/** Over a connection to a whole engine. */
export function socketRun(client: RawClient, triggerType: string): WorkerRun {
  const bind = (binding: TestBinding): void =>
    client.send({ type: 'registertrigger', trigger_type: triggerType, ...binding })
  return {
    async call(functionId, input) {
      const { result, error } = await client.call(functionId, input)
      if (error !== undefined) throw Object.assign(new Error(error.message), error)
      return result
    },
    provide: (functionId, handler) => client.provide(functionId, (data, frame) => handler(data, frame['metadata'])),
    bind,
    unbind: (id) => client.send({ type: 'unregistertrigger', id, trigger_type: triggerType }),
    async refusalOf(binding) {
      bind(binding)
      const refusal = await client.find(
        ({ type, id, error }) => type === 'triggerregistrationresult' && id === binding.id && error !== undefined,
        `the refusal of ${binding.id}`,
      )
      return refusal['error'] as ErrorBody
    },
  }
}
