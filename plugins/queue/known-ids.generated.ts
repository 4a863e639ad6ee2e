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
  }
}

export {}
