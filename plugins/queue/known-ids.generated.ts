// Written by `npm run docs` from the schemas that are published.

declare module '../../sdk/known-ids.ts' {
  interface KnownFunctions {
    /** Stores a call of a function in a named queue. Answered when it is safe; the function is called later. */
    'engine::queue::enqueue': {
      input: {
        /** Name of the queue. */
        queue: string
        /** The function to call; it need not exist yet. */
        function_id: string
        /** What it gets. */
        data: unknown
        /** Id of the job. */
        messageReceiptId: string
        /** Of the function. Default: default. */
        namespace?: string | null
        /** Trace context of the publisher. */
        traceparent?: string | null
        /** Baggage of the publisher. */
        baggage?: string | null
        /** Wait before the first delivery. Default: that of the queue. */
        delay_ms?: number | null
        /** In its place: when the first delivery is, in Unix milliseconds or ISO 8601. */
        run_at?: number | string | null
        /** The larger goes first, in a standard queue. Default: what `priority_field` of the queue says, or 0. */
        priority?: number | null
        /** While it is remembered, further jobs with the same key are not stored. Default: what `dedup_field` of the queue says, or none. */
        dedup_key?: string | null
        /** How long the key is remembered. Default: `dedup_window_ms` of the queue. */
        dedup_window_ms?: number | null
      }
      output: {
        /** Id of the job; with a deduplication key that of the first one. */
        messageReceiptId: string
        /** Nothing was stored: an earlier job has the same key. Left out otherwise. */
        duplicate?: boolean
      }
    }
    /** Makes a named queue, or changes its settings, for good. */
    'queue::define': {
      input: {
        /** Its name, without blanks around it. */
        queue: string
        /** As in queue_configs; what is left out has its default. */
        config?: {
          /** standard (default): jobs start in the order of arrival, several at a time. fifo: the jobs of a group one after the other. */
          type?: 'standard' | 'fifo' | null
          /** Deliveries until a job is a dead letter, the first included. Default 3; 0 counts as 1. */
          max_retries?: number | null
          /** Jobs that are delivered at a time. Default 10. */
          concurrency?: number | null
          /** Required with fifo: the top-level member of the payload that names the group. */
          message_group_field?: string | null
          /** Wait after the first failure; it doubles with each further one. Default 1000. */
          backoff_ms?: number | null
          /** Part of that wait that is random: with 0.2 it is between 80 % and 100 % of it. Default 0. */
          jitter?: number | null
          /** How often it is looked whether a function that is missing has come. Default 100. */
          poll_interval_ms?: number | null
          /** Larger priorities count as this one. Default 255. */
          max_priority?: number | null
          /** Top-level member of the payload with the priority, where the publisher names none. */
          priority_field?: string | null
          /** Top-level member of the payload with the deduplication key, where the publisher names none. */
          dedup_field?: string | null
          /** How long a deduplication key stands for the job that came with it. Default 300000. */
          dedup_window_ms?: number | null
          /** Wait before the first delivery, where the publisher names none. Default 0. */
          delay_ms?: number | null
          /** Deliveries that may start within a time. Default: none. */
          rate_limit?: {
            /** Deliveries. */
            max: number
            /** The time. Default 1000. */
            per_ms?: number | null
          } | null
          /** A delivery that takes longer has failed; its handler may still run. Default: none. */
          timeout_ms?: number | null
          /** Jobs that the queue holds, dead ones included; beyond it publishers get `queue_full`. Default: none. */
          max_jobs?: number | null
          /** Bytes of their payloads; beyond it publishers get `queue_full`. Default: none. */
          max_bytes?: number | null
          /** Accepted without effect: what ran when the engine ended is always delivered again. */
          redeliver_on_engine_restart?: boolean | null
        } | null
      }
      output: {
        queue: string
        /** false: it was there with these settings. */
        changed: boolean
      }
    }
    /** Stores data for every function that is subscribed to a topic, and answers when it is safe. */
    'iii::durable::publish': {
      input: {
        /** Exact name, not empty; there are no wildcards. */
        topic: string
        /** The same as `topic`, which counts where both are there. */
        queue?: string
        /** Any JSON value. */
        data: unknown
        /** Wait before the first delivery. Default: that of the queue. */
        delay_ms?: number | null
        /** In its place: when the first delivery is, in Unix milliseconds or ISO 8601. */
        run_at?: number | string | null
        /** The larger goes first, in a standard queue. Default: what `priority_field` of the queue says, or 0. */
        priority?: number | null
        /** While it is remembered, further jobs with the same key are not stored. Default: what `dedup_field` of the queue says, or none. */
        dedup_key?: string | null
        /** How long the key is remembered. Default: `dedup_window_ms` of the queue. */
        dedup_window_ms?: number | null
      }
      output: null | undefined
    }
    /** The same as `iii::durable::publish`, by its older name. */
    'enqueue': {
      input: {
        /** Exact name, not empty; there are no wildcards. */
        topic: string
        /** The same as `topic`, which counts where both are there. */
        queue?: string
        /** Any JSON value. */
        data: unknown
        /** Wait before the first delivery. Default: that of the queue. */
        delay_ms?: number | null
        /** In its place: when the first delivery is, in Unix milliseconds or ISO 8601. */
        run_at?: number | string | null
        /** The larger goes first, in a standard queue. Default: what `priority_field` of the queue says, or 0. */
        priority?: number | null
        /** While it is remembered, further jobs with the same key are not stored. Default: what `dedup_field` of the queue says, or none. */
        dedup_key?: string | null
        /** How long the key is remembered. Default: `dedup_window_ms` of the queue. */
        dedup_window_ms?: number | null
      }
      output: null | undefined
    }
    /** Lists the named queues and the topics. */
    'engine::queue::list_topics': {
      input: Record<string, never>
      output: {
        name: string
        /** `function_queue` for a named queue, else the adapter. */
        broker_type: string
        /** Live subscribers; of a named queue, its concurrency. */
        subscriber_count: number
      }[]
    }
    /** Counts the messages and consumers of a queue or topic. */
    'engine::queue::topic_stats': {
      input: {
        /** A named queue, or a topic: that is, the queues of all its subscriptions. */
        topic: string
        /** The same as `topic`. */
        queue?: string
      }
      output: {
        /** Waiting and being delivered; delayed ones are not counted. */
        depth: number
        consumer_count: number
        dlq_depth: number
        config: null
      }
    }
    /** Lists the queues and topics that have dead letters. */
    'engine::queue::dlq_topics': {
      input: Record<string, never>
      output: { topic: string; broker_type: string; message_count: number }[]
    }
    /** Lists dead letters with their data, last error and history. */
    'engine::queue::dlq_messages': {
      input: {
        /** A named queue, or a topic: that is, the queues of all its subscriptions. */
        topic: string
        /** The same as `topic`. */
        queue?: string
        /** Entries to leave out. Default 0. */
        offset?: number | null
        /** Entries in the answer. Default 50; more than 1000 counts as 1000. */
        limit?: number | null
        /** Only the one with this id. Default: all. */
        message_id?: string | null
        /** By the time of the last failure. Default newest. */
        order?: 'newest' | 'oldest' | null
      }
      output: {
        /** Of a named queue: the receipt of the publisher. */
        id: string
        payload: any
        /** Code and message of the last failure. */
        error: string
        /** Unix seconds of the last failure. */
        failed_at: number
        /** Failed deliveries. */
        retries: number
        /** Bytes of the data. */
        size_bytes: number
        function_id?: string
        /** Left out for `default`. */
        namespace?: string
        /** Unix milliseconds. */
        created_at?: number
        /** The failed deliveries, oldest first, with Unix milliseconds. */
        history?: any[]
      }[]
    }
    /** Puts all dead letters back at the end of their queues, the oldest failure first. */
    'iii::queue::redrive': {
      input: {
        /** A named queue, or a topic: that is, the queues of all its subscriptions. */
        queue: string
        /** The same as `queue`. */
        topic?: string
      }
      output: { queue: string; redriven: number }
    }
    /** Puts one dead letter back at the end of its queue. */
    'iii::queue::redrive_message': {
      input: {
        /** A named queue, or a topic: that is, the queues of all its subscriptions. */
        queue: string
        /** The same as `queue`. */
        topic?: string
        /** Of a named queue: the receipt of the publisher. */
        message_id: string
      }
      output: {
        queue: string
        message_id: string
        /** 1, or 0 when there is none by that id. */
        redriven: number
      }
    }
    /** Forgets all dead letters. */
    'iii::queue::discard': {
      input: {
        /** A named queue, or a topic: that is, the queues of all its subscriptions. */
        queue: string
        /** The same as `queue`. */
        topic?: string
      }
      output: { queue: string; discarded: number }
    }
    /** Forgets one dead letter. */
    'iii::queue::discard_message': {
      input: {
        /** A named queue, or a topic: that is, the queues of all its subscriptions. */
        queue: string
        /** The same as `queue`. */
        topic?: string
        /** Of a named queue: the receipt of the publisher. */
        message_id: string
      }
      output: {
        queue: string
        message_id: string
        /** 1, or 0 when there is none by that id. */
        redriven: number
      }
    }
    /** Counts the messages of a queue or topic by what becomes of them. */
    'iii::queue::status': {
      input: {
        /** A named queue, or a topic: that is, the queues of all its subscriptions. */
        queue: string
        /** The same as `queue`. */
        topic?: string
      }
      output: {
        queue: string
        /** Could be delivered now. */
        pending: number
        /** Being handled. */
        active: number
        /** Taken up, and waiting for their function: nobody provides it, or it takes no calls. */
        awaiting_function: number
        /** Those functions, with the number of their jobs; at most 20. */
        awaited_functions: {
          function_id: string
          /** Left out for `default`. */
          namespace?: string
          /** `missing`: nobody provides it. `busy`: it takes no calls. */
          reason: 'missing' | 'busy'
          jobs: number
        }[]
        /** Their time has not come, the first or after a failure. */
        delayed: number
        dlq_count: number
        /** Live subscribers; of a named queue, its concurrency. */
        consumers: number
        paused: boolean
        /** Of the pending ones; null where none is, or it is not known. */
        oldest_age_ms?: number | null
        adapter?: string
        adapter_state?: 'connected' | 'reconnecting' | 'blocked'
      }
    }
    /** Shows what is delivered next, without taking it: first what waits for its function. */
    'iii::queue::peek': {
      input: {
        /** A named queue, or a topic: that is, the queues of all its subscriptions. */
        queue: string
        /** The same as `queue`. */
        topic?: string
        /** Entries to leave out. Default 0. */
        offset?: number | null
        /** Entries in the answer. Default 50; more than 1000 counts as 1000. */
        limit?: number | null
      }
      output: {
        id: string
        payload: any
        /** Empty for a message that nobody has subscribed to. */
        function_id: string
        /** Left out for `default`. */
        namespace?: string
        /** Of a fifo queue. */
        group?: string
        priority: number
        /** Failed deliveries so far. */
        attempts: number
        /** Unix milliseconds. */
        created_at: number
        /** Unix milliseconds before which it is not delivered. */
        run_at: number | null
        /** Code and message of the last failure. */
        error: string | null
        /** Bytes of the data. */
        size_bytes: number
        /** It waits for its function. Left out otherwise. */
        awaiting_function?: boolean
      }[]
    }
    /** Shows what is delivered at a later time, the earliest first. */
    'iii::queue::delayed': {
      input: {
        /** A named queue, or a topic: that is, the queues of all its subscriptions. */
        queue: string
        /** The same as `queue`. */
        topic?: string
        /** Entries to leave out. Default 0. */
        offset?: number | null
        /** Entries in the answer. Default 50; more than 1000 counts as 1000. */
        limit?: number | null
      }
      output: {
        id: string
        payload: any
        /** Empty for a message that nobody has subscribed to. */
        function_id: string
        /** Left out for `default`. */
        namespace?: string
        /** Of a fifo queue. */
        group?: string
        priority: number
        /** Failed deliveries so far. */
        attempts: number
        /** Unix milliseconds. */
        created_at: number
        /** Unix milliseconds before which it is not delivered. */
        run_at: number | null
        /** Code and message of the last failure. */
        error: string | null
        /** Bytes of the data. */
        size_bytes: number
        /** It waits for its function. Left out otherwise. */
        awaiting_function?: boolean
      }[]
    }
    /** Delivers nothing more until the queue is resumed; what is being delivered goes on. */
    'iii::queue::pause': {
      input: {
        /** A named queue, or a topic: that is, the queues of all its subscriptions. */
        queue: string
        /** The same as `queue`. */
        topic?: string
      }
      output: { queue: string; paused: boolean }
    }
    /** Delivers again. */
    'iii::queue::resume': {
      input: {
        /** A named queue, or a topic: that is, the queues of all its subscriptions. */
        queue: string
        /** The same as `queue`. */
        topic?: string
      }
      output: { queue: string; paused: boolean }
    }
    /** Ends the subscription of a function that does not come back; what waits for it stays until it is discarded. */
    'iii::queue::unsubscribe': {
      input: { topic: string; function_id: string; namespace?: string | null }
      output: { topic: string; function_id: string; removed: boolean }
    }
    /** Gives the figures of all queues and topics; counters and histograms count since the worker was started. */
    'iii::queue::metrics': {
      input: Record<string, never>
      output: { metrics: Record<string, any>[] }
    }
  }

  interface KnownTriggers {
    /** Delivers each message that is published to a topic once per function, and again where it fails. */
    'durable:subscriber': {
      config: {
        /** Exact name, not empty; there are no wildcards. */
        topic?: string
        /** The same as `topic`, which counts where both are there. */
        queue?: string
        /** Gets the data before each delivery; exactly false skips the handler, an error is a failed delivery. */
        condition_function_id?: string | null
        /** Deliveries before a message is dead, at least 1. Counts before `queue_config`. */
        max_retries?: number
        /** Counts before `queue_config.backoffDelayMs`. */
        backoff_ms?: number
        /** How messages are delivered to this function. */
        queue_config?: {
          /** `fifo`: one message at a time, in order. Anything else: side by side. */
          type?: string
          /** Deliveries after the first one. Default: 2. */
          maxRetries?: number
          /** Messages at a time. 0 = none is delivered. Default 10. */
          concurrency?: number
          /** Wait after the first failure, doubled with each one. Default 1,000. */
          backoffDelayMs?: number
          /** Random part of that wait. Default 0. */
          jitter?: number
          /** A delivery that takes longer has failed. Default: no limit. */
          timeoutMs?: number
          /** Wait before the first delivery. Default 0. */
          delaySeconds?: number
          /** Deliveries that may start within a time. */
          rateLimit?: { max: number; per_ms: number }
          /** Messages that may be stored; publishers get `queue_full`. */
          maxJobs?: number
          /** Bytes of data of the same. */
          maxBytes?: number
          /** Priorities above it count as it. */
          maxPriority?: number
          /** Accepted without effect. */
          visibilityTimeout?: unknown
          /** Accepted without effect. */
          backoffType?: unknown
        } | null
      }
      event: any
    }
    /** The same as `durable:subscriber`, by its older name. */
    'queue': {
      config: {
        /** Exact name, not empty; there are no wildcards. */
        topic?: string
        /** The same as `topic`, which counts where both are there. */
        queue?: string
        /** Gets the data before each delivery; exactly false skips the handler, an error is a failed delivery. */
        condition_function_id?: string | null
        /** Deliveries before a message is dead, at least 1. Counts before `queue_config`. */
        max_retries?: number
        /** Counts before `queue_config.backoffDelayMs`. */
        backoff_ms?: number
        /** How messages are delivered to this function. */
        queue_config?: {
          /** `fifo`: one message at a time, in order. Anything else: side by side. */
          type?: string
          /** Deliveries after the first one. Default: 2. */
          maxRetries?: number
          /** Messages at a time. 0 = none is delivered. Default 10. */
          concurrency?: number
          /** Wait after the first failure, doubled with each one. Default 1,000. */
          backoffDelayMs?: number
          /** Random part of that wait. Default 0. */
          jitter?: number
          /** A delivery that takes longer has failed. Default: no limit. */
          timeoutMs?: number
          /** Wait before the first delivery. Default 0. */
          delaySeconds?: number
          /** Deliveries that may start within a time. */
          rateLimit?: { max: number; per_ms: number }
          /** Messages that may be stored; publishers get `queue_full`. */
          maxJobs?: number
          /** Bytes of data of the same. */
          maxBytes?: number
          /** Priorities above it count as it. */
          maxPriority?: number
          /** Accepted without effect. */
          visibilityTimeout?: unknown
          /** Accepted without effect. */
          backoffType?: unknown
        } | null
      }
      event: any
    }
    /** Fires for each message that has failed so often that it is not delivered any more. */
    'queue:dead-letter': {
      config: {
        /** Only this named queue or topic; absent = any. */
        queue?: string | null
        /** The same as `queue`. */
        topic?: string | null
        /** Gets the event first; exactly false skips the handler. */
        condition_function_id?: string | null
      }
      event: {
        /** Name of the queue or the topic. */
        queue: string
        kind: 'named' | 'topic'
        /** For `iii::queue::redrive_message`. */
        id: string
        /** The function that failed; of a subscription with `__binding`, that. */
        function_id: string
        /** Of the last failure. */
        error: { code: string; message: string }
        /** Of the function. Left out for `default`. */
        namespace?: string
        /** What was enqueued or published. Left out where it is too long. */
        payload?: any
        /** Bytes of it. */
        size_bytes: number
        /** Unix milliseconds at which it was stored. */
        created_at: number
        /** Failed deliveries. */
        attempts: number
        /** Unix milliseconds of the last failure. */
        failed_at: number
      }
    }
  }
}

export {}
