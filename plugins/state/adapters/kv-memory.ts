// State in the memory of the plugin's thread: gone when the engine ends. For tests, caches and throw-away engines.
import { updateText, type UpdateOperation } from '../../../kit/update/update-operations.ts'
import type { OnWritten, StateStore, Updated } from './store.ts'

export class KvMemory implements StateStore {
  /** Maps keep insertion order: overwriting keeps a key's place, deleting and setting moves it to the end. */
  readonly #scopes = new Map<string, Map<string, string>>()

  async get(scope: string, key: string): Promise<string | undefined> {
    return this.#scopes.get(scope)?.get(key)
  }

  async set(scope: string, key: string, value: string, onWritten: OnWritten): Promise<string | undefined> {
    const old = this.#write(scope, key, value)
    onWritten(old, value)
    return old
  }

  async delete(scope: string, key: string, onWritten: OnWritten): Promise<string | undefined> {
    const keys = this.#scopes.get(scope)
    const old = keys?.get(key)
    keys?.delete(key)
    if (keys?.size === 0) this.#scopes.delete(scope)
    onWritten(old, undefined)
    return old
  }

  async update(
    scope: string,
    key: string,
    operations: readonly UpdateOperation[],
    onWritten: OnWritten,
  ): Promise<Updated> {
    const { text, errors } = updateText(this.#scopes.get(scope)?.get(key), operations)
    const oldValue = this.#write(scope, key, text)
    onWritten(oldValue, text)
    return { oldValue, newValue: text, errors }
  }

  async list(scope: string): Promise<string[]> {
    return [...(this.#scopes.get(scope)?.values() ?? [])]
  }

  async scopes(): Promise<string[]> {
    return [...this.#scopes.keys()]
  }

  async close(): Promise<void> {
    this.#scopes.clear()
  }

  #write(scope: string, key: string, value: string): string | undefined {
    let keys = this.#scopes.get(scope)
    if (keys === undefined) {
      keys = new Map()
      this.#scopes.set(scope, keys)
    }
    const old = keys.get(key)
    keys.set(key, value)
    return old
  }
}
