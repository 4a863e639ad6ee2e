// The backend of one engine alone: jobs in an SQLite file, or in memory. What it writes is written by group commit, many callers at once.
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { systemClock, type Clock } from '../../../../base/time/clock.ts'
import type { PluginLog } from '../../../../sdk/plugin.ts'
import type { DeadLetter, Job, NewJob } from '../../job.ts'
import type { QueueSettings } from '../../settings.ts'
import type {
  Backend,
  BackendState,
  Consumer,
  Consumption,
  DeadLetterChoice,
  DeadLetterPage,
  JobFor,
  Page,
  PublishedMessage,
  QueueRef,
  QueueStats,
  RememberedSubscription,
  Stored,
  Subscription,
} from '../backend.ts'
import { DeadLetters } from './dead-letters.ts'
import type { JobDatabase } from './job-database.ts'
import { JobTables } from './job-tables.ts'
import type { QueueLine, Written } from './queue-line.ts'
import { QueueRegistry } from './queue-registry.ts'

export interface BuiltinBackendDeps {
  readonly store: JobDatabase
  readonly log: Pick<PluginLog, 'warn' | 'error'>
  readonly clock?: Clock | undefined
  readonly random?: (() => number) | undefined
}

interface Entry {
  readonly line: QueueLine
  readonly job: NewJob
}

const EMPTY_STATS: QueueStats = { waiting: 0, active: 0, delayed: 0, dead: 0, paused: false }

export class BuiltinBackend implements Backend {
  readonly brokerType = 'builtin'
  readonly state: BackendState = 'connected'
  readonly #store: JobDatabase
  readonly #clock: Clock
  readonly #registry: QueueRegistry
  readonly #deadLetters: DeadLetters

  constructor({ store, log, clock = systemClock, random = Math.random }: BuiltinBackendDeps) {
    this.#store = store
    this.#clock = clock
    const tables = new JobTables(store.database)
    this.#registry = new QueueRegistry({ store, tables, clock, random, log, detached: AsyncLocalStorage.snapshot() })
    this.#deadLetters = new DeadLetters(store, tables)
  }

  async declare(queue: QueueRef, settings: QueueSettings): Promise<void> {
    const { line } = await this.#registry.ensure(queue)
    line.isDeclared = true
    line.settings = settings
  }

  retire(queue: QueueRef): Promise<void> {
    return this.#registry.retire(queue)
  }

  async queues(): Promise<QueueRef[]> {
    const found: QueueRef[] = []
    for (const { kind, line } of this.#registry.all()) {
      if (kind !== 'backlog' && (line.isDeclared || !line.isEmpty)) found.push(line.ref)
    }
    return found
  }

  enqueue(jobs: readonly JobFor[]): Promise<Stored[]> {
    return this.#write(jobs.map(({ queue, job }) => ({ line: this.#line(queue), job })))
  }

  async consume(queue: QueueRef, consumer: Consumer): Promise<Consumption> {
    const line = this.#line(queue)
    line.consume(consumer)
    return { stop: (withinMs) => line.stop(withinMs) }
  }

  async setPaused(queue: QueueRef, paused: boolean): Promise<void> {
    await this.#registry.setPaused(await this.#registry.ensure(queue), paused)
  }

  async subscribe(subscription: Subscription, settings: QueueSettings): Promise<QueueRef> {
    const { line } = await this.#registry.subscribe(subscription, settings)
    line.isDeclared = true
    return line.ref
  }

  async unsubscribe(subscription: Subscription): Promise<boolean> {
    await this.#registry.unsubscribe(subscription)
    return true
  }

  async subscriptions(topic?: string): Promise<RememberedSubscription[]> {
    const found: RememberedSubscription[] = []
    for (const { subscription, subscribed, line } of this.#registry.all()) {
      if (!subscribed || subscription === undefined) continue
      if (topic === undefined || subscription.topic === topic) found.push({ ...subscription, queue: line.ref })
    }
    return found
  }

  async publish(topic: string, message: PublishedMessage): Promise<number> {
    let subscribers = this.#registry.subscribersOf(topic)
    if (subscribers.length === 0) {
      const backlog = await this.#registry.ensure({ kind: 'subscription', key: topic, name: topic }, 'backlog')
      // Somebody may have subscribed meanwhile.
      subscribers = this.#registry.subscribersOf(topic)
      if (subscribers.length === 0) subscribers = [backlog]
    }
    const now = this.#clock.now()
    const stored = await this.#write(
      subscribers.map(({ line, subscription }) => ({
        line,
        job: {
          ...message,
          runAt: message.runAt ?? (line.settings.delayMs > 0 ? now + line.settings.delayMs : undefined),
          id: randomUUID(),
          functionId: subscription?.functionId ?? '',
          namespace: subscription?.namespace,
        },
      })),
    )
    return stored.filter((each) => each.stored).length
  }

  async topics(): Promise<string[]> {
    const topics = new Set<string>()
    for (const { kind, subscribed, line } of this.#registry.all()) {
      if (kind === 'backlog' ? !line.isEmpty : subscribed) topics.add(line.ref.name)
    }
    return [...topics]
  }

  async backlog(topic: string): Promise<number> {
    return this.#registry.find('backlog', topic)?.line.stats().waiting ?? 0
  }

  async peekBacklog(topic: string, { offset, limit }: Page): Promise<Job[]> {
    return this.#registry.find('backlog', topic)?.line.peek(offset, limit) ?? []
  }

  async stats(queue: QueueRef): Promise<QueueStats> {
    return this.#find(queue)?.stats() ?? EMPTY_STATS
  }

  async peek(queue: QueueRef, { offset, limit }: Page): Promise<Job[]> {
    return this.#find(queue)?.peek(offset, limit) ?? []
  }

  async delayed(queue: QueueRef, { offset, limit }: Page): Promise<Job[]> {
    return this.#find(queue)?.delayedJobs(offset, limit) ?? []
  }

  async deadLetters(queue: QueueRef, page: DeadLetterPage): Promise<DeadLetter[]> {
    const line = this.#find(queue)
    return line === undefined ? [] : this.#deadLetters.list(line, page)
  }

  async deadLetter(queue: QueueRef, id: string): Promise<DeadLetter | undefined> {
    const line = this.#find(queue)
    return line === undefined ? undefined : this.#deadLetters.find(line, id)
  }

  async redrive(queue: QueueRef, which: DeadLetterChoice): Promise<number> {
    const line = this.#find(queue)
    return line === undefined ? 0 : this.#deadLetters.redrive(line, which)
  }

  async discard(queue: QueueRef, which: DeadLetterChoice): Promise<number> {
    const line = this.#find(queue)
    return line === undefined ? 0 : this.#deadLetters.discard(line, which)
  }

  async close(withinMs: number, onStopped?: () => void): Promise<void> {
    const lines = [...this.#registry.all()].map(({ line }) => line)
    await Promise.all(lines.map((line) => line.stop(withinMs)))
    onStopped?.()
    await this.#store.close()
    for (const line of lines) line.close()
  }

  #writeOne({ line, job }: Entry): Promise<Stored[]> {
    try {
      line.reserve(job)
    } catch (error) {
      return Promise.reject(error)
    }
    const now = this.#clock.now()
    return this.#store
      .run(() => line.write(job, now), {
        bytes: job.data.length,
        atomic: job.dedup !== undefined,
        committed: (written) => settled(line, job, written),
      })
      .then(
        (written) => [storedAs(job, written)],
        (error: unknown) => {
          line.release(job)
          throw error
        },
      )
  }

  /** One step for all of them. */
  #write(entries: readonly Entry[]): Promise<Stored[]> {
    if (entries.length === 1) return this.#writeOne(entries[0]!)
    let bytes = 0
    let reserved = 0
    try {
      for (const { line, job } of entries) {
        line.reserve(job)
        reserved++
        bytes += job.data.length
      }
    } catch (error) {
      for (const { line, job } of entries.slice(0, reserved)) line.release(job)
      return Promise.reject(error)
    }
    const now = this.#clock.now()
    return this.#store
      .run(() => entries.map(({ line, job }) => line.write(job, now)), {
        bytes,
        atomic: true,
        committed: (results) =>
          results.forEach((written, index) => settled(entries[index]!.line, entries[index]!.job, written)),
      })
      .then(
        (results) => results.map((written, index) => storedAs(entries[index]!.job, written)),
        (error: unknown) => {
          for (const { line, job } of entries) line.release(job)
          throw error
        },
      )
  }

  #find({ kind, key }: QueueRef): QueueLine | undefined {
    return this.#registry.find(kind, key)?.line
  }

  #line(queue: QueueRef): QueueLine {
    const line = this.#find(queue)
    if (line === undefined) throw new Error(`The queue ${queue.key} was not declared.`)
    return line
  }
}

function settled(line: QueueLine, job: NewJob, written: Written): void {
  if ('added' in written) line.added(written)
  else line.release(job)
}

function storedAs({ id }: NewJob, written: Written): Stored {
  return 'added' in written ? { stored: true, id } : { stored: false, id: written.sameAs }
}
