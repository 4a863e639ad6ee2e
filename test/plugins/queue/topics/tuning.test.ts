// What a subscriber's config says of its deliveries (spec 03 §3.5, §4.2).
import { expect, test } from 'vitest'
import { QUEUE_DEFAULTS } from '../../../../plugins/queue/settings.ts'
import { readTuning } from '../../../../plugins/queue/topics/tuning.ts'

test.each<[object, object]>([
  [{}, {}],
  [{ queue_config: { maxRetries: 0 } }, { maxAttempts: 1 }],
  [{ queue_config: { maxRetries: 1, backoffDelayMs: 30 } }, { maxAttempts: 2, backoffMs: 30 }],
  [{ queue_config: { max_retries: 4, backoff_ms: 5 } }, { maxAttempts: 5, backoffMs: 5 }],
  [{ queue_config: { backoff_delay_ms: 6 } }, { backoffMs: 6 }],
  [{ max_retries: 0 }, { maxAttempts: 1 }],
  [
    { max_retries: 4, backoff_ms: 7 },
    { maxAttempts: 4, backoffMs: 7 },
  ],
  [
    { maxRetries: 4, backoffDelayMs: 7 },
    { maxAttempts: 4, backoffMs: 7 },
  ],
  [
    { max_retries: 2, queue_config: { maxRetries: 9, backoffDelayMs: 8 } },
    { maxAttempts: 2, backoffMs: 8 },
  ],
  [{ queue_config: { type: 'fifo' } }, { type: 'fifo' }],
  [{ queue_config: { type: 'concurrent' } }, { type: 'standard' }],
  [{ queue_config: { concurrency: 0 } }, { concurrency: 0 }],
  [{ queue_config: { delaySeconds: 1.5, timeoutMs: 9, jitter: 0.5 } }, { delayMs: 1500, timeoutMs: 9, jitter: 0.5 }],
  [{ queue_config: { rateLimit: { max: 3, per_ms: 100 } } }, { rateLimit: { max: 3, perMs: 100 } }],
  [{ queue_config: { maxJobs: 3, maxBytes: 100, maxPriority: 9 } }, { maxJobs: 3, maxBytes: 100, maxPriority: 9 }],
  [{ queue_config: null, max_retries: null }, {}],
  [{ queue_config: { visibilityTimeout: 'x', backoffType: 'y', unknown: 1 } }, {}],
  [{ metadata: { infrastructure: { queue: { maxRetries: 9 } } } }, {}],
])('%j', (config, settings) => {
  expect(readTuning(config as Record<string, unknown>, QUEUE_DEFAULTS)).toEqual({
    settings: { ...QUEUE_DEFAULTS, ...settings },
    problems: [],
  })
})

test.each<[object, string]>([
  [{ queue_config: 5 }, '`queue_config` must be an object, got 5, and is ignored'],
  [
    { queue_config: { concurrency: -1 } },
    '`queue_config.concurrency` must be a whole number from 0 to 100000, got -1, and is ignored',
  ],
  [{ queue_config: { jitter: 2 } }, '`queue_config.jitter` must be a number from 0 to 1, got 2, and is ignored'],
  [{ backoff_ms: 1.5 }, '`backoff_ms` must be a whole number from 0 to 315360000000, got 1.5, and is ignored'],
  [{ queue_config: { rateLimit: { max: 3 } } }, '`queue_config.rateLimit` needs `max` and `per_ms`, and is ignored'],
])('%j counts as left out', (config, problem) => {
  expect(readTuning(config as Record<string, unknown>, QUEUE_DEFAULTS)).toEqual({
    settings: QUEUE_DEFAULTS,
    problems: [problem],
  })
})
