// Streams that another engine keeps: each operation is a call of its `stream::*` functions. Events go to all engines bridged to
// it over its pub/sub worker (spec 02 §7.3, 06 D); the feed brings them back, those of this engine included.
import { openBridge, type Bridge } from '../../../kit/bridge/bridge.ts'
import { readChange, readNames, readUpdate, readValues } from '../../../kit/bridge/remote-answers.ts'
import { operationsText } from '../../../kit/bridge/wire-operations.ts'
import { LimitedWarning } from '../../../base/warnings/limited-warning.ts'
import type { UpdateOperation } from '../../../kit/update/update-operations.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import { changeText, StreamEvent } from '../event.ts'
import type { Feed, Snapshot } from '../feed.ts'
import { Timestamps } from '../history/timestamps.ts'
import { BridgeFeed, EVENTS_TOPIC } from './bridge-feed.ts'
import { EmissionOrder } from './emission-order.ts'
import { scopeOf } from './item-scope.ts'
import type { ItemAddress, OnEmitted, StreamStore, StreamStoreContext, Updated } from './store.ts'

export function openStreamBridge({ config, log }: StreamStoreContext): StreamStore {
  const setting = 'adapter.config.bridge_url of iii-stream'
  const bridge = openBridge({ url: config['bridge_url'], workerName: 'iii-stream-bridge', setting, log })
  return new StreamBridge(bridge, { log })
}

export interface StreamBridgeOptions {
  readonly log: PluginLog
  readonly now?: () => number
}

export class StreamBridge implements StreamStore {
  readonly feed: Feed
  readonly #bridge: Bridge
  readonly #order = new EmissionOrder()
  readonly #timestamps: Timestamps
  readonly #unpublished: LimitedWarning

  constructor(bridge: Bridge, { log, now }: StreamBridgeOptions) {
    this.#bridge = bridge
    this.#timestamps = new Timestamps(now === undefined ? {} : { now })
    this.#unpublished = new LimitedWarning((message, data) => log.warn(message, data))
    this.feed = new BridgeFeed(bridge, log)
  }

  get(address: ItemAddress): Promise<string | undefined> {
    return this.#bridge.call('stream::get', `{${itemText(address)}}`)
  }

  async set(address: ItemAddress, value: string, onEmitted: OnEmitted): Promise<string | undefined> {
    const written = this.#bridge.call('stream::set', `{${itemText(address)},"data":${value}}`)
    const { oldValue } = await this.#change(address, written.then(readSet), (change) => {
      return { event: changeText(change.oldValue === undefined ? 'create' : 'update', value), onEmitted }
    })
    return oldValue
  }

  async delete(address: ItemAddress, onEmitted: OnEmitted): Promise<string | undefined> {
    const deleted = this.#bridge.call('stream::delete', `{${itemText(address)}}`)
    const { oldValue } = await this.#change(address, deleted.then(readDelete), (change) => {
      return change.oldValue === undefined ? undefined : { event: changeText('delete', change.oldValue), onEmitted }
    })
    return oldValue
  }

  async update(address: ItemAddress, operations: readonly UpdateOperation[], onEmitted: OnEmitted): Promise<Updated> {
    const payload = `{${itemText(address)},"ops":${operationsText(operations)}}`
    const updated = this.#bridge.call('stream::update', payload)
    return this.#change(address, updated.then(readUpdated), ({ oldValue, newValue }) => {
      return { event: changeText(oldValue === undefined ? 'create' : 'update', newValue), onEmitted }
    })
  }

  async list(stream: string, group: string): Promise<string[]> {
    return readValues('stream::list', await this.#bridge.call('stream::list', groupText(stream, group)))
  }

  async snapshot(stream: string, group: string, item: string | null): Promise<Snapshot> {
    const data =
      item === null ? `[${(await this.list(stream, group)).join(',')}]` : await this.get({ stream, group, item })
    return { data: data ?? 'null', position: undefined }
  }

  async groups(stream: string): Promise<string[]> {
    const result = await this.#bridge.call('stream::list_groups', JSON.stringify({ stream_name: stream }))
    return readNames('stream::list_groups', result)
  }

  /** Always empty, as in iii: the other engine is asked for its own streams. */
  async streams(): Promise<readonly { id: string; groups: readonly string[] }[]> {
    return []
  }

  async emit(stream: string, group: string, item: string | null, event: string, onEmitted: OnEmitted): Promise<void> {
    let published: Promise<unknown> | undefined
    await this.#order.afterEarlier(scopeOf(stream, group), Promise.resolve(), () => {
      published = this.#publish(stream, group, item, { event, onEmitted })
    })
    await published
  }

  close(): Promise<void> {
    return this.#bridge.close()
  }

  /**
   * Emits what `emissionOf` makes of a change, in its turn. The publish is waited for: what somebody writes after the answer, at
   * whichever engine, is told later.
   */
  async #change<Change>(
    { stream, group, item }: ItemAddress,
    change: Promise<Change>,
    emissionOf: (change: Change) => Emission | undefined,
  ): Promise<Change> {
    let published: Promise<unknown> | undefined
    const changed = await this.#order.afterEarlier(scopeOf(stream, group), change, (result) => {
      const emission = emissionOf(result)
      if (emission === undefined) return
      // The write has happened: that its event does not get through cannot fail it any more.
      published = this.#publish(stream, group, item, emission).catch((error: Error) => {
        this.#unpublished.warn('Subscribers miss the event of a write: the other engine did not publish it.', {
          stream,
          group,
          item,
          error: error.message,
        })
      })
    })
    await published
    return changed
  }

  /** Bound functions first, as with the other adapters: they are of this engine and do not depend on the other one. */
  #publish(stream: string, group: string, item: string | null, { event, onEmitted }: Emission): Promise<unknown> {
    const timestamp = this.#timestamps.next(scopeOf(stream, group), item ?? '')
    const told = new StreamEvent({ stream, group, item, timestamp, event, position: undefined })
    onEmitted(told)
    return this.#bridge.call('publish', `{"topic":"${EVENTS_TOPIC}","data":${told.payload}}`)
  }
}

interface Emission {
  readonly event: string
  readonly onEmitted: OnEmitted
}

const readSet = (result: string | undefined) => readChange('stream::set', result)
const readDelete = (result: string | undefined) => readChange('stream::delete', result)
const readUpdated = (result: string | undefined) => readUpdate('stream::update', result)

function itemText({ stream, group, item }: ItemAddress): string {
  return `"stream_name":${JSON.stringify(stream)},"group_id":${JSON.stringify(group)},"item_id":${JSON.stringify(item)}`
}

function groupText(stream: string, group: string): string {
  return JSON.stringify({ stream_name: stream, group_id: group })
}
