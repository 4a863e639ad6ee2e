// The operations on streams that a worker serves itself (spec 02 §8): calls it, judges what it returns, and emits the events of
// its writes, which are the engine's business. Values are JSON text on their way through, numbers to the last digit.
import type { UpdateOperation } from '../../../kit/update/update-operations.ts'
import { updateText } from '../../../kit/update/update-operations.ts'
import { LimitedWarning } from '../../../base/warnings/limited-warning.ts'
import { CodedError, type ErrorBody } from '../../../protocol/errors.ts'
import { InvocationError } from '../../../sdk/errors.ts'
import type { TriggerRequest } from '../../../sdk/handle-types.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { StreamErrorCode } from '../about.ts'
import { RawJson } from '../../../sdk/raw-json.ts'
import type { ItemAddress, OnEmitted, StreamStore } from '../adapters/store.ts'
import { changeText, type Change } from '../event.ts'
import { customFunctionId, type CustomStreams, type StreamOperation } from './custom-streams.ts'
import { ItemTurns } from './item-turns.ts'
import { readDeleted, readWritten, type Written } from './results.ts'

export interface CustomItemsContext {
  readonly iii: { trigger(request: TriggerRequest): Promise<unknown> }
  readonly log: Pick<PluginLog, 'error'>
  readonly store: Pick<StreamStore, 'emit'>
  readonly streams: CustomStreams
}

/** The worker that served the stream has left before the call reached it: nothing was done, and the built-in storage takes over. */
export class StreamLeft extends Error {}

export class CustomItems {
  readonly #context: CustomItemsContext
  readonly #turns = new ItemTurns()
  readonly #failedEvents: LimitedWarning

  constructor(context: CustomItemsContext) {
    this.#context = context
    this.#failedEvents = new LimitedWarning((message, data) => context.log.error(message, data))
  }

  serves(operation: StreamOperation, stream: string): boolean {
    return this.#context.streams.has(operation, stream)
  }

  /** True when updates are made of the worker's own get and set. */
  servesParts(stream: string): boolean {
    return this.serves('get', stream) && this.serves('set', stream)
  }

  /** `get`, `list` and `list_groups`: what the worker returns, as JSON text, or throws passes as it is; undefined = no value. */
  async read(operation: StreamOperation, stream: string, input: object): Promise<string | undefined> {
    try {
      return await this.#call(operation, stream, input)
    } catch (error) {
      throw error instanceof InvocationError ? bodyOf(error) : error
    }
  }

  /** @param data JSON text */
  set(address: ItemAddress, data: string, onEmitted: OnEmitted): Promise<Written> {
    return this.#turns.write(keyOf(address), async () => {
      const input = inputText(address, 'data', data)
      const result = await this.#call('set', address.stream, input).catch((error: unknown) =>
        failed('STREAM_SET_ERROR', 'set', address, error),
      )
      const written = writtenBySet(result, data, address.stream)
      await this.#emit(written.old === undefined ? 'create' : 'update', address, written.value, onEmitted)
      return written
    })
  }

  /** Resolves with the old value, undefined = none. */
  delete(address: ItemAddress, onEmitted: OnEmitted): Promise<string | undefined> {
    return this.#turns.write(keyOf(address), async () => {
      const result = await this.#call('delete', address.stream, wireAddress(address)).catch((error: unknown) =>
        failed('STREAM_DELETE_ERROR', 'delete', address, error),
      )
      // Public examples return nothing: the item counts as gone, without an event.
      const old = result === undefined ? undefined : readDeleted(result, address.stream)
      if (old !== undefined) await this.#emit('delete', address, old, onEmitted)
      return old
    })
  }

  /** By the worker's own update. @param ops JSON text of the operations */
  update(address: ItemAddress, ops: string, onEmitted: OnEmitted): Promise<Written> {
    return this.#turns.write(keyOf(address), async () => {
      const input = inputText(address, 'ops', ops)
      const result = await this.#call('update', address.stream, input).catch((error: unknown) =>
        failed('STREAM_UPDATE_ERROR', 'update', address, error),
      )
      if (result === undefined) {
        const reason = `${customFunctionId('update', address.stream)} returned nothing`
        throw new CodedError('STREAM_UPDATE_ERROR', `Failed to update ${named(address)}: ${reason}`)
      }
      const written = readWritten('update', result, address.stream)
      await this.#emit(written.old === undefined ? 'create' : 'update', address, written.value, onEmitted)
      return written
    })
  }

  /** By the worker's get and set; other writes of the item wait, so that none is lost between the two. */
  updateByParts(address: ItemAddress, operations: readonly UpdateOperation[], onEmitted: OnEmitted): Promise<Written> {
    return this.#turns.update(keyOf(address), async () => {
      const current = await this.#call('get', address.stream, wireAddress(address)).catch((error: unknown) =>
        failed('STREAM_UPDATE_ERROR', 'update', address, error),
      )
      const { text: value, errors } = updateText(current, operations)
      const input = inputText(address, 'data', value)
      const result = await this.#call('set', address.stream, input).catch((error: unknown) =>
        failed('STREAM_UPDATE_ERROR', 'update', address, error),
      )
      // What was read counts where set does not tell: an item that was there has not been created.
      const { old = current, value: stored } = writtenBySet(result, value, address.stream)
      await this.#emit(old === undefined ? 'create' : 'update', address, stored, onEmitted)
      return { old, value: stored, errors: errors.length === 0 ? undefined : JSON.stringify(errors) }
    })
  }

  /** JSON text of the result; null is "no result". */
  async #call(operation: StreamOperation, stream: string, payload: object): Promise<string | undefined> {
    const function_id = customFunctionId(operation, stream)
    try {
      const result = (await this.#context.iii.trigger({ function_id, payload, raw: true })) as RawJson | undefined
      return result === undefined || result.json === 'null' ? undefined : result.json
    } catch (error) {
      const isGone = error instanceof InvocationError && error.code === 'function_not_found'
      if (isGone && !this.serves(operation, stream)) throw new StreamLeft()
      throw error
    }
  }

  /** The write has happened, so that an event that fails is only logged. */
  async #emit(change: Change, address: ItemAddress, value: string, onEmitted: OnEmitted): Promise<void> {
    const { stream, group, item } = address
    try {
      await this.#context.store.emit(stream, group, item, changeText(change, value), onEmitted)
    } catch (error) {
      this.#failedEvents.warn(`The event of a write to the custom stream "${stream}" could not be emitted.`, {
        error: String(error),
      })
    }
  }
}

/** Public examples return nothing: then the value is what it was asked to store, as far as anybody can know. */
function writtenBySet(result: string | undefined, asked: string, stream: string): Written {
  if (result !== undefined) return readWritten('set', result, stream)
  return { old: undefined, value: asked, errors: undefined }
}

function inputText(address: ItemAddress, member: 'data' | 'ops', json: string): RawJson {
  return new RawJson(`${JSON.stringify(wireAddress(address)).slice(0, -1)},"${member}":${json}}`)
}

export function wireAddress({ stream, group, item }: ItemAddress): object {
  return { stream_name: stream, group_id: group, item_id: item }
}

function keyOf({ stream, group, item }: ItemAddress): string {
  return JSON.stringify([stream, group, item])
}

function failed(code: StreamErrorCode, action: string, address: ItemAddress, cause: unknown): never {
  if (cause instanceof StreamLeft) throw cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  throw new CodedError(code, `Failed to ${action} ${named(address)} of the custom stream: ${reason}`, { cause })
}

function named({ stream, group, item }: ItemAddress): string {
  return `item "${item}" in group "${group}" of stream "${stream}"`
}

/** The error as the worker sent it: the handle puts the code in front of the message. */
function bodyOf({ code, message, stacktrace }: InvocationError): ErrorBody {
  const bare = message.startsWith(`${code}: `) ? message.slice(code.length + 2) : message
  return stacktrace === undefined ? { code, message: bare } : { code, message: bare, stacktrace }
}
