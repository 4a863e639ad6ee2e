// The entries in memory: what is in force, and beside it what the store holds. The two differ for a plugin that nobody ever
// set (nothing stored) and after an edit by hand that was refused (stored, but not in force).
import type { StoredEntry } from './adapters/store.ts'
import type { Entry } from './entry.ts'

const ID = /^[a-z0-9_-]{1,64}$/

export function isEntryId(id: string): boolean {
  return ID.test(id)
}

export class EntryTable {
  /** The last state of the store that was taken over, by id. */
  readonly stored = new Map<string, StoredEntry>()
  readonly #entries = new Map<string, Entry>()
  readonly #aliases = new Map<string, string>()

  get size(): number {
    return this.#entries.size
  }

  /** The id under which an entry stands: `state` → `iii-state` while that plugin has an entry. */
  idOf(id: string): string {
    return this.#aliases.get(id) ?? id
  }

  aliasesOf(id: string): string[] {
    return [...this.#aliases].flatMap(([alias, target]) => (target === id ? [alias] : []))
  }

  /** What the store holds of a plugin: under its name, else under another one that it has, as iii keeps it. */
  storedUnder(plugin: string, aliases: readonly string[]): StoredEntry | undefined {
    const names = [plugin, ...aliases]
    return names.map((name) => this.stored.get(name)).find((stored) => stored !== undefined)
  }

  find(id: string): Entry | undefined {
    return this.#entries.get(this.idOf(id))
  }

  put(entry: Entry): void {
    this.#entries.set(entry.id, entry)
  }

  remove(id: string): void {
    this.#entries.delete(id)
  }

  addAliases(id: string, aliases: readonly string[]): void {
    for (const alias of aliases) this.#aliases.set(alias, id)
  }

  removeAliases(id: string): void {
    for (const alias of this.aliasesOf(id)) this.#aliases.delete(alias)
  }

  /** By id; of an alias' own entry, which the plugin's hides, nothing is shown. */
  sorted(): Entry[] {
    return [...this.#entries.values()]
      .filter(({ id }) => !this.#aliases.has(id))
      .sort((one, other) => (one.id < other.id ? -1 : 1))
  }
}
