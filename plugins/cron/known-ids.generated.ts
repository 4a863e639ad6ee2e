// Written by `npm run docs` from the schemas that are published.

declare module '../../sdk/known-ids.ts' {
  interface KnownTriggers {
    /** Fires at the times that an expression matches. */
    'cron': {
      config: {
        /** second minute hour day-of-month month day-of-week [year]; or the 5 fields of crontab; or @hourly and the like. */
        expression: string
        /** IANA name of the zone of these times. Default UTC. */
        timezone?: string | null
        /** Gets the payload first; exactly false skips the handler. */
        condition_function_id?: string | null
        /** When a trigger is due while its last run is under way: skip (default) the fire, queue it behind the run, or allow both at once. */
        overlap?: 'skip' | 'queue' | 'allow' | null
        /** About fires missed while nothing ran: skip (default) them, or fire_once for the last of them. */
        misfire?: 'skip' | 'fire_once' | null
        /** After this time a run counts as failed, and its trigger goes on; the handler may still run. Default: none. */
        run_timeout_ms?: number | null
        /** With overlap: queue, the fires of one trigger that may wait; newer ones are dropped, with a warning. Default 100. */
        max_waiting_runs?: number | null
        /** With overlap: allow, the runs of one trigger at a time; further fires are dropped, with a warning. Default 100. */
        max_parallel_runs?: number | null
      }
      event: {
        trigger: 'cron'
        /** Id of the trigger. */
        job_id: string
        scheduled_time: string
        actual_time: string
      }
    }
  }
}

export {}
