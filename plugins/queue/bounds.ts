// What is limited in `iii-queue`, with the defaults that the code has.
import { bytesText, charactersText, countText, timeText } from '../../base/values/amount-text.ts'
import { LAZY_MS } from '../../kit/sqlite/disk-sync.ts'
import type { Bound } from '../../sdk/built-in.ts'
import { MAX_SET_ASIDE } from './adapters/backend.ts'
import { FIFO_LIMITS } from './adapters/builtin/fifo-source.ts'
import { GATHER_MS, MAX_UNWRITTEN } from './adapters/builtin/job-outcomes.ts'
import { LANE_WINDOW } from './adapters/builtin/lane.ts'
import { LANE_POSITIONS, MAX_LANES } from './adapters/builtin/schema.ts'
import { ANSWER_MS } from './adapters/rabbitmq/replies.ts'
import { MAX_KEYS } from './adapters/rabbitmq/known-keys.ts'
import { RABBIT_LIMITS, MAX_KEYED_TOPICS } from './adapters/rabbitmq/limits.ts'
import { ENQUEUE_LIMITS } from './adapters/redis/enqueue-turns.ts'
import { LEASE_MS } from './adapters/redis/open-redis.ts'
import { LOOK_MS, MAX_SETTLED, MAX_TAKEN } from './adapters/redis/redis-line.ts'
import { MAX_AWAITED, MAX_TOLD } from './awaiting-jobs.ts'
import { FUNCTION_WAIT_MS } from './config.ts'
import { SPAN_BATCH } from '../../kit/telemetry/spans.ts'
import { MAX_ERROR_LENGTH, MAX_HISTORY } from './job.ts'
import { MAX_PAGE } from './admin/admin-input.ts'
import { QUEUE_RETRY_MS } from './named-queues.ts'
import { LONGEST_WAIT_MS, QUEUE_DEFAULTS } from './settings.ts'
import { CONDITION_MS } from './topics/subscriber-delivery.ts'
import { SUBSCRIPTION_STOP_MS } from './topics/subscription.ts'
import { MAX_EVENT_PAYLOAD } from './watch/dead-letter-trigger.ts'
import { FEED_MS, FEED_RETRY_MS, MAX_FEED_QUEUES } from './watch/live-feed.ts'
import { HEALTH_TOLD } from './watch/queue-health.ts'
import { MAX_SPAN_PAYLOAD } from './watch/queue-spans.ts'
import { MAX_FIGURES } from './watch/queue-figures.ts'

export const BOUNDS: readonly Bound[] = [
  {
    limit: 'jobs of a queue and their bytes, dead ones included (`max_jobs`, `max_bytes`)',
    option: 'queue_configs',
    initial: 'none: as many as the disk has room for, or `max_file_bytes` of the adapter',
    effect: 'publishers get `queue_full`, or the error of the store; nothing is dropped',
  },
  {
    limit: 'wait of a job (`delay_ms`, `backoff_ms` and what it grows to), and window of a deduplication key',
    initial: `${countText(LONGEST_WAIT_MS)} ms, some 3,000 years`,
    effect: 'a longer one counts as this one',
  },
  {
    limit: 'jobs of a queue that are delivered at a time (`concurrency`)',
    option: 'queue_configs',
    initial: countText(QUEUE_DEFAULTS.concurrency),
    effect: 'the others wait',
  },
  {
    limit: 'time for which a job waits for a function that nobody provides',
    option: 'function_wait_ms',
    initial: timeText(FUNCTION_WAIT_MS),
    effect: 'it counts as a failed delivery',
  },
  {
    limit: 'jobs of a queue that wait for their functions without a slot',
    initial: countText(MAX_SET_ASIDE),
    effect: 'further ones occupy slots of the queue',
  },
  {
    limit: 'functions that are awaited: named in an answer, told in the log until they are there',
    initial: `${countText(MAX_AWAITED)}, ${countText(MAX_TOLD)}`,
    effect: 'those that fewer jobs wait for are not named; further ones are not told',
  },
  {
    limit: 'jobs that are read ahead, per queue and priority',
    initial: `${countText(LANE_WINDOW.rows)}, ${charactersText(LANE_WINDOW.characters)}`,
    effect: 'the others are read when their turn comes',
  },
  {
    limit: 'groups of a fifo queue that are busy, or wait for the next attempt of their first job',
    initial: countText(FIFO_LIMITS.maxBusyGroups),
    effect: 'no further group begins until one of them is done',
  },
  {
    limit: 'deliveries of a queue whose outcome the store refuses to write',
    initial: countText(MAX_UNWRITTEN),
    effect: 'nothing further is delivered until they are written',
  },
  {
    limit: 'failures that a job remembers, and the length of their messages',
    initial: `${MAX_HISTORY}, ${charactersText(MAX_ERROR_LENGTH)}`,
    effect: 'older ones are forgotten, longer ones cut',
  },
  {
    limit: 'time for which jobs that are done wait to leave the store together',
    initial: timeText(GATHER_MS),
    effect: 'a crash within it has them delivered once more; in a fifo queue they do not wait',
  },
  {
    limit: 'time until they have left the disk as well',
    initial: timeText(LAZY_MS),
    effect: 'a loss of power within it has them delivered once more',
  },
  {
    limit: 'queues and priorities in one store together',
    initial: countText(MAX_LANES),
    effect: 'publishers to further ones get `queue_full`',
  },
  {
    limit: 'jobs of a queue between two times at which it is empty while the plugin starts',
    initial: countText(LANE_POSITIONS),
    effect: 'publishers get `queue_full`',
  },
  {
    limit: 'time of the condition of a subscriber',
    initial: timeText(CONDITION_MS),
    effect: 'it counts as a failed delivery',
  },
  {
    limit: 'time for which the end of a subscription waits for what is being delivered',
    initial: timeText(SUBSCRIPTION_STOP_MS),
    effect: 'what takes longer is delivered again when the function subscribes anew',
  },
  {
    limit: 'time between two attempts to start a named queue for which the store was not there',
    initial: timeText(QUEUE_RETRY_MS),
    effect: 'meanwhile the part `queue` of the health is degraded',
  },
  {
    limit: 'queues that the health names, and what it says of each',
    initial: `${countText(HEALTH_TOLD.queues)}, ${charactersText(HEALTH_TOLD.characters)}`,
    effect: 'further ones are counted, longer reasons cut',
  },
  {
    limit: 'messages and dead letters in one answer',
    initial: countText(MAX_PAGE),
    effect: 'the others are on the next page',
  },
  {
    limit: 'queues and topics that have counters',
    initial: countText(MAX_FIGURES),
    effect: 'later ones have none until the plugin is started anew',
  },
  {
    limit: 'spans that are sent together, the wait of the first, and a published payload in one',
    initial: `${countText(SPAN_BATCH.spans)}, ${timeText(SPAN_BATCH.ms)}, ${charactersText(MAX_SPAN_PAYLOAD)}`,
    effect: 'they are sent at once; a longer payload is not shown',
  },
  {
    limit: 'payload in an event of `queue:dead-letter`',
    initial: charactersText(MAX_EVENT_PAYLOAD),
    effect: 'left out; `engine::queue::dlq_messages` has it',
  },
  {
    limit: 'queues and topics in a message of the live feed',
    initial: countText(MAX_FEED_QUEUES),
    effect: 'the first by name are told',
  },
  {
    limit: 'shortest time between two messages of the live feed, and after one that nobody took',
    initial: `${timeText(FEED_MS)}, ${timeText(FEED_RETRY_MS)}`,
    effect: 'what happens meanwhile is told together',
  },
  {
    limit: 'RabbitMQ: jobs that wait to be stored, and their bytes',
    initial: `${countText(RABBIT_LIMITS.maxUnconfirmed)}, ${bytesText(RABBIT_LIMITS.maxUnconfirmedBytes)}`,
    effect: 'further ones get `overloaded`',
  },
  {
    limit: 'RabbitMQ: calls that wait while the server is away, and for how long',
    initial: `${countText(RABBIT_LIMITS.maxWaiting)}, ${timeText(RABBIT_LIMITS.waitMs)}`,
    effect: 'further ones get `overloaded`; after the time they get `plugin_unavailable`',
  },
  {
    limit: 'RabbitMQ: jobs of a queue that an engine holds beside those that run, and bytes of all that it holds',
    initial: `${countText(RABBIT_LIMITS.maxIdle)}, ${bytesText(RABBIT_LIMITS.maxHeldBytes)}`,
    effect: 'no more are taken from the server until some are done; in a fifo queue groups behind them wait',
  },
  {
    limit: 'RabbitMQ: jobs and dead letters that are looked through for one of them, and delayed jobs for a list',
    initial: countText(RABBIT_LIMITS.maxScanned),
    effect: '`unsupported`; what is done to all dead letters has no limit',
  },
  {
    limit: 'RabbitMQ: deduplication keys of a queue or topic that count at a time, and topics of an engine with such',
    initial: `${countText(MAX_KEYS)}, ${countText(MAX_KEYED_TOPICS)}`,
    effect: 'publishers get `overloaded`',
  },
  {
    limit: 'RabbitMQ: wait for the engine that decides on a deduplication key',
    initial: timeText(ANSWER_MS),
    effect: 'the publisher is told that the job may be stored or not',
  },
  {
    limit: 'Redis: silence after which an engine counts as dead (`lease_ms`)',
    option: 'adapter',
    initial: timeText(LEASE_MS),
    effect: 'others deliver what it had in hand',
  },
  {
    limit: 'Redis: jobs that wait to be stored, and their bytes',
    initial: `${countText(ENQUEUE_LIMITS.maxWaiting)}, ${bytesText(ENQUEUE_LIMITS.maxWaitingBytes)}`,
    effect: 'publishers get `overloaded`',
  },
  {
    limit: 'Redis: jobs of several publishers that are stored in one step',
    initial: `${countText(ENQUEUE_LIMITS.maxBatch)}, ${bytesText(ENQUEUE_LIMITS.maxBatchBytes)}`,
    effect: 'the next step takes the rest',
  },
  {
    limit: 'Redis: jobs of a queue that are taken in one step, and outcomes that are written in one',
    initial: `${countText(MAX_TAKEN)}, ${countText(MAX_SETTLED)}`,
    effect: 'the next step takes the rest',
  },
  {
    limit: 'Redis: time after which a queue is looked at without being woken',
    initial: timeText(LOOK_MS),
    effect: 'a wake-up that was lost costs no more than that',
  },
]
