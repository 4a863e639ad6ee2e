// Items wherever they are: in the store, or with a worker that serves a custom stream, decided for each operation (spec 02 §8).
// Answers as they go on the wire, failures with their codes.
import type { UpdateOperation } from '../../kit/update/update-operations.ts'
import { CodedError } from '../../protocol/errors.ts'
import { RawJson } from '../../sdk/raw-json.ts'
import type { StreamErrorCode } from './about.ts'
import type { ItemAddress, OnEmitted, StreamStore } from './adapters/store.ts'
import { StreamLeft, wireAddress, type CustomItems } from './custom/custom-items.ts'
import type { Written } from './custom/results.ts'
import type { Snapshot } from './feed.ts'

export interface StreamItemsContext {
  readonly store: StreamStore
  readonly custom: CustomItems
  /** What to call when an event has been emitted; made when the call arrives, to keep its trace context. */
  readonly onEmitted: () => OnEmitted
}

export class StreamItems {
  readonly #store: StreamStore
  readonly #custom: CustomItems
  readonly #onEmitted: () => OnEmitted

  constructor({ store, custom, onEmitted }: StreamItemsContext) {
    this.#store = store
    this.#custom = custom
    this.#onEmitted = onEmitted
  }

  /** @param data JSON text */
  set(address: ItemAddress, data: string): Promise<RawJson> {
    const onEmitted = this.#onEmitted()
    const store = (): Promise<RawJson> =>
      this.#store.set(address, data, onEmitted).then(
        (old) => new RawJson(`{"old_value":${old ?? 'null'},"new_value":${data}}`),
        (cause: unknown) => failed('STREAM_SET_ERROR', `set ${named(address)}`, cause),
      )
    if (!this.#custom.serves('set', address.stream)) return store()
    return this.#custom.set(address, data, onEmitted).then(writtenText, orElse(store))
  }

  get(address: ItemAddress): Promise<RawJson | undefined> {
    const store = (): Promise<RawJson | undefined> =>
      this.#store
        .get(address)
        .then(optionalValue, (cause: unknown) => failed('STREAM_GET_ERROR', `get ${named(address)}`, cause))
    if (!this.#custom.serves('get', address.stream)) return store()
    return this.#custom.read('get', address.stream, wireAddress(address)).then(optionalValue, orElse(store))
  }

  delete(address: ItemAddress): Promise<RawJson> {
    const onEmitted = this.#onEmitted()
    const store = (): Promise<RawJson> =>
      this.#store.delete(address, onEmitted).then(
        (old) => new RawJson(`{"old_value":${old ?? 'null'}}`),
        (cause: unknown) => failed('STREAM_DELETE_ERROR', `delete ${named(address)}`, cause),
      )
    if (!this.#custom.serves('delete', address.stream)) return store()
    return this.#custom
      .delete(address, onEmitted)
      .then((old) => new RawJson(`{"old_value":${old ?? 'null'}}`), orElse(store))
  }

  /** @param ops JSON text of the operations */
  update(address: ItemAddress, operations: readonly UpdateOperation[], ops: string): Promise<RawJson> {
    const onEmitted = this.#onEmitted()
    const store = (): Promise<RawJson> =>
      this.#store.update(address, operations, onEmitted).then(
        ({ oldValue, newValue, errors }) => {
          const errorsMember = errors.length === 0 ? '' : `,"errors":${JSON.stringify(errors)}`
          return new RawJson(`{"old_value":${oldValue ?? 'null'},"new_value":${newValue}${errorsMember}}`)
        },
        (cause: unknown) => failed('STREAM_UPDATE_ERROR', `update ${named(address)}`, cause),
      )
    if (this.#custom.serves('update', address.stream)) {
      return this.#custom.update(address, ops, onEmitted).then(writtenText, orElse(store))
    }
    if (!this.#custom.servesParts(address.stream)) return store()
    return this.#custom.updateByParts(address, operations, onEmitted).then(writtenText, orElse(store))
  }

  list(stream: string, group: string): Promise<RawJson | undefined> {
    const store = (): Promise<RawJson> =>
      this.#store.list(stream, group).then(
        (values) => new RawJson(`[${values.join(',')}]`),
        (cause: unknown) => failed('STREAM_GET_GROUP_ERROR', `list group "${group}" of stream "${stream}"`, cause),
      )
    if (!this.#custom.serves('list', stream)) return store()
    const input = { stream_name: stream, group_id: group }
    return this.#custom.read('list', stream, input).then(optionalValue, orElse(store))
  }

  listGroups(stream: string): Promise<unknown> {
    const store = (): Promise<unknown> =>
      this.#store.groups(stream).then(
        (groups) => groups.sort(),
        (cause: unknown) => failed('STREAM_LIST_GROUPS_ERROR', `list the groups of stream "${stream}"`, cause),
      )
    if (!this.#custom.serves('list_groups', stream)) return store()
    return this.#custom
      .read('list_groups', stream, { stream_name: stream })
      .then<unknown>(optionalValue)
      .catch(orElse(store))
  }

  async listAll(): Promise<{ stream: { id: string; groups: string[] }[]; count: number }> {
    const streams = await this.#store
      .streams()
      .catch((cause: unknown) => failed('STREAM_LIST_ALL_ERROR', 'list the streams', cause))
    const stream = streams
      .map(({ id, groups }) => ({ id, groups: [...groups].sort() }))
      .sort((one, other) => (one.id < other.id ? -1 : 1))
    return { stream, count: stream.length }
  }

  /** @param data JSON text */
  async send(stream: string, group: string, item: string | null, type: string, data: string): Promise<null> {
    const onEmitted = this.#onEmitted()
    const action = `send an event to group "${group}" of stream "${stream}"`
    const event = `{"type":"event","event":{"type":${JSON.stringify(type)},"data":${data}}}`
    await this.#store
      .emit(stream, group, item, event, onEmitted)
      .catch((cause: unknown) => failed('STREAM_SEND_ERROR', action, cause))
    return null
  }

  /** For the `sync` of a subscriber. */
  async snapshot(stream: string, group: string, item: string | null): Promise<Snapshot> {
    if (!this.#custom.serves(item === null ? 'list' : 'get', stream)) return this.#store.snapshot(stream, group, item)
    // Asked before the worker is: what it answers holds at least everything up to there.
    const { position } = await this.#store.snapshot(stream, group, item)
    const value = await (item === null ? this.list(stream, group) : this.get({ stream, group, item }))
    return { data: value?.json ?? (item === null ? '[]' : 'null'), position }
  }
}

/** What to do with the failure of a custom stream: its worker may have left, which is no failure. */
function orElse<T>(store: () => Promise<T>): (error: unknown) => Promise<T> {
  return (error) => {
    if (error instanceof StreamLeft) return store()
    throw error
  }
}

function writtenText({ old, value, errors }: Written): RawJson {
  const errorsMember = errors === undefined ? '' : `,"errors":${errors}`
  return new RawJson(`{"old_value":${old ?? 'null'},"new_value":${value}${errorsMember}}`)
}

/** Undefined sends no result at all; a stored null is sent as null. */
function optionalValue(text: string | undefined): RawJson | undefined {
  return text === undefined ? undefined : new RawJson(text)
}

/** A refusal that has its own code (a full queue, a closed store) keeps it: it says that nothing was done. */
function failed(code: StreamErrorCode, action: string, cause: unknown): never {
  if (cause instanceof CodedError) throw cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  throw new CodedError(code, `Failed to ${action}: ${reason}`, { cause })
}

function named({ stream, group, item }: ItemAddress): string {
  return `item "${item}" in group "${group}" of stream "${stream}"`
}
