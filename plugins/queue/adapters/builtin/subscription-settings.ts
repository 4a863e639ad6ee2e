// The settings of subscriptions, for the time in which nobody is bound to them: what is published meanwhile is limited and delayed as the last
// subscriber said, also after a restart. Named queues have theirs from the configuration.
import type { StatementSync } from 'node:sqlite'
import { QUEUE_DEFAULTS, type QueueSettings } from '../../settings.ts'
import type { JobDatabase } from './job-database.ts'

const TABLE = 'CREATE TABLE IF NOT EXISTS subscription_settings (queue INTEGER PRIMARY KEY, settings TEXT NOT NULL)'

export class SubscriptionSettings {
  readonly #store: JobDatabase
  /** JSON by number of the queue. */
  readonly #kept = new Map<number, string>()
  readonly #write: StatementSync
  readonly #remove: StatementSync

  constructor(store: JobDatabase) {
    this.#store = store
    const { database } = store
    // Not in the schema: files that were written before there were any have none.
    database.exec(TABLE)
    this.#write = database.prepare('INSERT OR REPLACE INTO subscription_settings (queue, settings) VALUES (?, ?)')
    this.#remove = database.prepare('DELETE FROM subscription_settings WHERE queue = ?')
    for (const row of database.prepare('SELECT queue, settings FROM subscription_settings').all()) {
      this.#kept.set(row['queue'] as number, row['settings'] as string)
    }
  }

  of(queue: number): QueueSettings {
    const text = this.#kept.get(queue)
    return text === undefined ? QUEUE_DEFAULTS : { ...QUEUE_DEFAULTS, ...(JSON.parse(text) as Partial<QueueSettings>) }
  }

  async keep(queue: number, settings: QueueSettings): Promise<void> {
    const text = JSON.stringify(settings)
    if (this.#kept.get(queue) === text) return
    await this.#store.run(() => this.#write.run(queue, text))
    this.#kept.set(queue, text)
  }

  /** Within a transaction of the store. */
  forget(queue: number): void {
    if (this.#kept.delete(queue)) this.#remove.run(queue)
  }
}
