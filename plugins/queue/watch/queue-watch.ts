// What the worker tells of its queues: figures, the live feed, and an event for each dead letter. It stands between the store and whoever
// takes jobs, and changes nothing of what they do.
import type { Clock } from '../../../base/time/clock.ts'
import type { Caller } from '../../../kit/triggers/binding-call.ts'
import { TriggerBindings } from '../../../kit/triggers/trigger-bindings.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { Consumer, QueueRef } from '../adapters/backend.ts'
import type { TopicRow } from '../admin/listing.ts'
import { DEAD_LETTER_BINDINGS, type DeadLetterEvent, type DeadLetterFilter } from './dead-letter-trigger.ts'
import { LiveFeed } from './live-feed.ts'
import { kindOf, QueueFigures } from './queue-figures.ts'

export interface QueueWatchDeps {
  readonly iii: Caller
  readonly log: PluginLog
  readonly clock: Clock
  /** All queues and topics with what is in them. */
  readonly rows: () => Promise<TopicRow[]>
}

export class QueueWatch {
  readonly figures: QueueFigures
  readonly deadLetters: TriggerBindings<DeadLetterFilter, DeadLetterEvent>
  readonly #feed: LiveFeed

  constructor({ iii, log, clock, rows }: QueueWatchDeps) {
    const feed: LiveFeed = new LiveFeed({ iii, log, clock, rows, figures: () => this.figures })
    this.#feed = feed
    this.figures = new QueueFigures(
      () => clock.now(),
      () => feed.changed(),
    )
    this.deadLetters = new TriggerBindings({ iii, log, ...DEAD_LETTER_BINDINGS })
  }

  /**
   * The consumer, with what happens to its jobs counted and told.
   * @param functionId of a subscription's queue: jobs that were published before it have none
   */
  over(queue: QueueRef, consumer: Consumer, functionId = ''): Consumer {
    const figures = this.figures.of(kindOf(queue), queue.name)
    return {
      async deliver(delivery) {
        const began = figures.begin(delivery.job)
        const outcome = await consumer.deliver(delivery)
        figures.end(began)
        return outcome
      },
      canRun: (...target) => consumer.canRun?.(...target) === true,
      settled: (job, how) => {
        figures.settle(how)
        if (how.kind === 'dead') {
          const { traceparent, baggage } = job
          this.deadLetters.fire(
            { queue, job, functionId: job.functionId || functionId, failure: how.failure },
            { traceparent, baggage },
          )
        }
        consumer.settled?.(job, how)
      },
    }
  }

  /** Resolves when the events are handed out, at the latest after the time. */
  async close(withinMs: number): Promise<void> {
    this.#feed.close()
    await this.deadLetters.settle(withinMs)
  }
}
