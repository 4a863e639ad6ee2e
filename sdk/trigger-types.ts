// The trigger types that a handle provides: brings bindings to their handlers and answers whether they were accepted (spec 08 §6).
import type { EngineMessage, RegisterTrigger, UnregisterTrigger } from '../protocol/messages.ts'
import type { ErrorBody } from '../protocol/errors.ts'
import { surplusMember } from '../base/values/closed-object.ts'
import type { Activity } from './activity.ts'
import { promiseOf, shownThrown } from './answers.ts'
import type { TriggerTypeHandler } from './handle-types.ts'
import type { Transport } from './transport.ts'

interface TriggerType {
  readonly handler: TriggerTypeHandler
  readonly format: unknown
}

export class TriggerTypes {
  readonly #transport: Transport
  readonly #activity: Activity
  readonly #report: (problem: string) => void
  readonly #types = new Map<string, TriggerType>()
  /** What still runs for a binding id: the next thing for the same id comes after it. */
  readonly #running = new Map<string, Promise<void>>()

  constructor(transport: Transport, activity: Activity, report: (problem: string) => void) {
    this.#transport = transport
    this.#activity = activity
    this.#report = report
  }

  /** @param format schema of the config; when it is closed, bindings with other members are refused before the handler sees them. */
  add(id: string, handler: TriggerTypeHandler, format: unknown): void {
    this.#types.set(id, { handler, format })
  }

  remove(id: string): void {
    this.#types.delete(id)
  }

  receive(message: EngineMessage): void {
    if (message.type === 'registertrigger') return this.#inOrder(message.id, () => this.#register(message))
    if (message.type !== 'unregistertrigger' || message.trigger_type === undefined) return
    const type = this.#types.get(message.trigger_type)
    if (type !== undefined) this.#inOrder(message.id, () => this.#unregister(message, type.handler))
  }

  #inOrder(bindingId: string, run: () => void | Promise<void>): void {
    this.#activity.enter()
    const before = this.#running.get(bindingId)
    const outcome = before === undefined ? run() : before.then(run)
    if (outcome === undefined) return this.#activity.leave()
    const done = outcome.then(() => {
      if (this.#running.get(bindingId) === done) this.#running.delete(bindingId)
      this.#activity.leave()
    })
    this.#running.set(bindingId, done)
  }

  #register(message: RegisterTrigger): void | Promise<void> {
    const type = this.#types.get(message.trigger_type)
    if (type === undefined) {
      return this.#answer(message, { code: 'trigger_type_not_found', message: 'Trigger type not found' })
    }
    const { id, function_id, config, metadata, namespace, session } = message
    const surplus = surplusMember(type.format, config)
    if (surplus !== undefined) {
      return this.#answer(message, { code: 'trigger_registration_failed', message: `config: ${surplus}` })
    }
    const binding = {
      id,
      function_id,
      config,
      ...(metadata === undefined ? {} : { metadata }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(session === undefined ? {} : { session }),
    }
    const refuse = (error: unknown) => {
      this.#answer(message, { code: 'trigger_registration_failed', message: shownThrown(error) })
    }
    try {
      // Handlers return what a `Map.set` or `delete` happens to give.
      const promise = promiseOf(type.handler.registerTrigger(binding))
      if (promise === undefined) return this.#answer(message, undefined)
      return promise.then(() => this.#answer(message, undefined), refuse)
    } catch (error) {
      refuse(error)
    }
  }

  #unregister(
    { id, trigger_type, deliberate, moved }: UnregisterTrigger,
    handler: TriggerTypeHandler,
  ): void | Promise<void> {
    const report = (error: unknown) => {
      this.#report(`Trigger type ${trigger_type} failed to drop the binding ${id}: ${shownThrown(error)}`)
    }
    try {
      return promiseOf(handler.unregisterTrigger({ id, deliberate: deliberate === true, moved: moved === true }))?.then(
        () => {},
        report,
      )
    } catch (error) {
      report(error)
    }
  }

  #answer({ id, trigger_type, function_id }: RegisterTrigger, error: ErrorBody | undefined): void {
    this.#transport.control({
      type: 'triggerregistrationresult',
      id,
      trigger_type,
      function_id,
      ...(error === undefined ? {} : { error }),
    })
  }
}
