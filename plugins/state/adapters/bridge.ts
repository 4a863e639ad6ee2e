// State that another engine keeps: each operation is a call of its `state::*` functions (spec 02 §7.3, 06 D).
import { openBridge, type Bridge } from '../../../kit/bridge/bridge.ts'
import { objectParts } from '../../../kit/bridge/json-parts.ts'
import { operationsText } from '../../../kit/bridge/wire-operations.ts'
import { readChange, readNames, readUpdate, readValues } from '../../../kit/bridge/remote-answers.ts'
import type { UpdateOperation } from '../../../kit/update/update-operations.ts'
import type { OnWritten, StateStore, StateStoreContext, Updated } from './store.ts'

export function openStateBridge({ config, log }: StateStoreContext): StateStore {
  const setting = 'adapter.config.bridge_url of iii-state'
  return new StateBridge(openBridge({ url: config['bridge_url'], workerName: 'iii-state-bridge', setting, log }))
}

export class StateBridge implements StateStore {
  readonly #bridge: Bridge

  constructor(bridge: Bridge) {
    this.#bridge = bridge
  }

  get(scope: string, key: string): Promise<string | undefined> {
    return this.#bridge.call('state::get', JSON.stringify({ scope, key }))
  }

  async set(scope: string, key: string, value: string, onWritten: OnWritten): Promise<string | undefined> {
    const { oldValue } = readChange(
      'state::set',
      await this.#bridge.call('state::set', `{${addressText(scope, key)},"value":${value}}`),
    )
    onWritten(oldValue, value)
    return oldValue
  }

  async delete(scope: string, key: string, onWritten: OnWritten): Promise<string | undefined> {
    const deleted = await this.#bridge.call('state::delete', JSON.stringify({ scope, key }))
    onWritten(deleted, undefined)
    return deleted
  }

  async update(
    scope: string,
    key: string,
    operations: readonly UpdateOperation[],
    onWritten: OnWritten,
  ): Promise<Updated> {
    const updated = readUpdate(
      'state::update',
      await this.#bridge.call('state::update', `{${addressText(scope, key)},"ops":${operationsText(operations)}}`),
    )
    onWritten(updated.oldValue, updated.newValue)
    return updated
  }

  async list(scope: string): Promise<string[]> {
    return readValues('state::list', await this.#bridge.call('state::list', JSON.stringify({ scope })))
  }

  async scopes(): Promise<string[]> {
    const result = await this.#bridge.call('state::list_groups', '{}')
    return readNames('state::list_groups', objectParts(result ?? 'null')?.get('groups'))
  }

  close(): Promise<void> {
    return this.#bridge.close()
  }
}

function addressText(scope: string, key: string): string {
  return `"scope":${JSON.stringify(scope)},"key":${JSON.stringify(key)}`
}
