// Written by `npm run docs` from the schemas that are published.

declare module '../../sdk/known-ids.ts' {
  interface KnownFunctions {
    /** Reads an entry of the baggage; always null, for none is stored */
    'engine::baggage::get': {
      input: { key: string }
      output: { value: string | null }
    }
    /** Reads the baggage; always empty, for none is stored */
    'engine::baggage::get_all': {
      input: Record<string, never>
      output: { baggage: Record<string, any> }
    }
    /** Accepts an entry of the baggage, without lasting effect */
    'engine::baggage::set': {
      input: { key: string; value: string }
      output: { success: boolean; note: string }
    }
    /** Creates a channel and returns the refs of its two ends */
    'engine::channels::create': {
      input: { buffer_size?: number | null }
      output: { writer: Record<string, any>; reader: Record<string, any> }
    }
    /** Names the configuration file that the engine runs with, and why it is not in force if it is not */
    'engine::config::file': {
      input: Record<string, never>
      output: { path: string | null; project_root: string; problem: string | null }
    }
    /** Takes up the configuration file as it is now, without waiting until its change is noticed; answers when it is in force or refused */
    'engine::config::reload': {
      input: Record<string, never>
      output: { applied: boolean; problem: string | null }
    }
    /** The newest events of the engine, oldest first: workers that come and go, functions, failed calls, plugins; with `after`, those behind it, for which it waits up to `wait_ms` */
    'engine::events::tail': {
      input: { after?: number; limit?: number; wait_ms?: number }
      output: { events?: Record<string, any>[]; next?: number; missed?: number; timestamp?: number }
    }
    /** Describes one function, or several */
    'engine::functions::info': {
      input: { function_id?: string; function_ids?: readonly string[]; namespace?: string }
      output: Record<string, any>
    }
    /** Lists the registered functions */
    'engine::functions::list': {
      input: {
        search?: string
        prefix?: string
        worker?: string
        workers?: readonly string[]
        include_internal?: boolean
      }
      output: { functions: Record<string, any>[] }
    }
    /** Tells whether the engine and its parts are healthy */
    'engine::health::check': {
      input: Record<string, never>
      output: { status: string; components: Record<string, any>; timestamp: number; version: string }
    }
    /** Writes a line of level debug into the engine's log */
    'engine::log::debug': {
      input: { message: string; trace_id?: string; span_id?: string; data?: unknown; service_name?: string }
      output: null | undefined
    }
    /** Writes a line of level error into the engine's log */
    'engine::log::error': {
      input: { message: string; trace_id?: string; span_id?: string; data?: unknown; service_name?: string }
      output: null | undefined
    }
    /** Writes a line of level info into the engine's log */
    'engine::log::info': {
      input: { message: string; trace_id?: string; span_id?: string; data?: unknown; service_name?: string }
      output: null | undefined
    }
    /** Writes a line of level trace into the engine's log */
    'engine::log::trace': {
      input: { message: string; trace_id?: string; span_id?: string; data?: unknown; service_name?: string }
      output: null | undefined
    }
    /** Writes a line of level warn into the engine's log */
    'engine::log::warn': {
      input: { message: string; trace_id?: string; span_id?: string; data?: unknown; service_name?: string }
      output: null | undefined
    }
    /** The newest lines of the log, oldest first, those of workers and plugins included; with `after`, those behind it, for which it waits up to `wait_ms` */
    'engine::logs::tail': {
      input: {
        after?: number
        limit?: number
        wait_ms?: number
        start_time?: number
        severity_min?: number
        trace_id?: string
        span_id?: string
        worker?: string
      }
      output: { logs?: Record<string, any>[]; next?: number; missed?: number; timestamp?: number }
    }
    /** One plugin: its row, configuration, schema, functions, trigger types and history. */
    'engine::plugins::info': {
      input: {
        /** Name of the plugin, or of one of its instances */
        name: string
      }
      output: {
        name: string
        plugin?: string
        description?: string
        version?: string
        /** `built-in`, or the path relative to the project root. */
        origin: string
        state: 'available' | 'disabled' | 'starting' | 'running' | 'stalled' | 'draining' | 'restarting' | 'stopped' | 'failed'
        /** ISO 8601. */
        stalled_since?: string
        generation: number
        isolation: 'shared' | 'thread' | 'process' | null
        /** Id of the thread or process of the first replica. */
        thread: number | null
        replicas: number
        abandoned?: number
        /** ISO 8601. */
        started_at?: string
        load_ms: number
        addresses?: string[]
        settings?: 'stored'
        in_flight: number
        calls: number
        errors: number
        latency_ms: { p50: number; p99: number }
        memory_bytes: number
        event_loop_utilization: number
        stale?: { since: string; reason: 'build' | 'import' | 'start' | 'busy' | 'config'; error: string }
        /** How its parts are, by name, if it tells. */
        health?: Record<string, any>
        restarts: number
        last_crash?: { at: string; code: string; message: string }
        error?: string
        functions: string[]
        trigger_types: string[]
        /** Secrets are masked. */
        config: any
        config_schema: Record<string, any> | null
        history: {
          at: string
          from: 'available' | 'disabled' | 'starting' | 'running' | 'stalled' | 'draining' | 'restarting' | 'stopped' | 'failed'
          to: 'available' | 'disabled' | 'starting' | 'running' | 'stalled' | 'draining' | 'restarting' | 'stopped' | 'failed'
          cause: string
          ms: number
          error?: string
        }[]
      }
    }
    /** Plugins with their state and figures, sorted by name. */
    'engine::plugins::list': {
      input: {
        state?: 'available' | 'disabled' | 'starting' | 'running' | 'stalled' | 'draining' | 'restarting' | 'stopped' | 'failed'
      }
      output: {
        plugins: {
          name: string
          plugin?: string
          description?: string
          version?: string
          /** `built-in`, or the path relative to the project root. */
          origin: string
          state: 'available' | 'disabled' | 'starting' | 'running' | 'stalled' | 'draining' | 'restarting' | 'stopped' | 'failed'
          /** ISO 8601. */
          stalled_since?: string
          generation: number
          isolation: 'shared' | 'thread' | 'process' | null
          /** Id of the thread or process of the first replica. */
          thread: number | null
          replicas: number
          abandoned?: number
          /** ISO 8601. */
          started_at?: string
          load_ms: number
          addresses?: string[]
          settings?: 'stored'
          in_flight: number
          calls: number
          errors: number
          latency_ms: { p50: number; p99: number }
          memory_bytes: number
          event_loop_utilization: number
          stale?: { since: string; reason: 'build' | 'import' | 'start' | 'busy' | 'config'; error: string }
          /** How its parts are, by name, if it tells. */
          health?: Record<string, any>
          restarts: number
          last_crash?: { at: string; code: string; message: string }
          error?: string
          functions: number
        }[]
      }
    }
    /** Makes a new generation of a plugin from its files; the old one serves until the new one runs. */
    'engine::plugins::reload': {
      input: {
        /** Name of the plugin, or of one of its instances */
        name: string
        /** Calls in flight fail with invocation_stopped instead of being waited for Default false. */
        force?: boolean
      }
      output: { name: string; generation: number; ms: number }
    }
    /** Starts a plugin that was stopped or failed. */
    'engine::plugins::start': {
      input: {
        /** Name of the plugin, or of one of its instances */
        name: string
      }
      output: {
        name: string
        state: 'available' | 'disabled' | 'starting' | 'running' | 'stalled' | 'draining' | 'restarting' | 'stopped' | 'failed'
      }
    }
    /** Stops a plugin until it is started or reloaded. */
    'engine::plugins::stop': {
      input: {
        /** Name of the plugin, or of one of its instances */
        name: string
        /** Calls in flight fail with invocation_stopped instead of being waited for Default false. */
        force?: boolean
      }
      output: {
        name: string
        state: 'available' | 'disabled' | 'starting' | 'running' | 'stalled' | 'draining' | 'restarting' | 'stopped' | 'failed'
      }
    }
    /** Registers a trigger that stays until it is unregistered, whoever made it */
    'engine::register_trigger': {
      input: {
        trigger_type: string
        function_id: string
        config?: unknown
        metadata?: unknown
        trigger_namespace?: string
      }
      output: { id: string; state?: 'parked'; hint?: string }
    }
    /** Describes a registered trigger with its type and its function */
    'engine::registered-triggers::info': {
      input: { id: string }
      output: Record<string, any>
    }
    /** Lists the registered triggers */
    'engine::registered-triggers::list': {
      input: {
        search?: string
        trigger_type?: string
        function_id?: string
        worker?: string
        include_internal?: boolean
      }
      output: { registered_triggers: Record<string, any>[] }
    }
    /** Lists the sessions of listeners with rbac, oldest first */
    'engine::sessions::list': {
      input: { worker_id?: string; listener?: string; limit?: number; offset?: number }
      output: { sessions: Record<string, any>[]; total: number }
    }
    /** Ends a session: its connection is closed with 1008, and the triggers that it made by a call are removed */
    'engine::sessions::revoke': {
      input: { worker_id: string }
      output: { revoked: boolean }
    }
    /** Brings a plugin to settings. Called by the worker that keeps them. */
    'engine::settings::apply': {
      input: { plugin: string; config: Record<string, any> }
      output: { how: 'unchanged' | 'in_place' | 'generation' }
    }
    /** Lists the trigger types with their schemas, in the form of SDKs before 0.13 */
    'engine::trigger-types::list': {
      input: { include_internal?: boolean }
      output: { trigger_types: Record<string, any>[] }
    }
    /** Describes a trigger type */
    'engine::triggers::info': {
      input: { id: string; namespace?: string }
      output: Record<string, any>
    }
    /** Lists the trigger types; to SDKs before 0.13, and with kind "instances", the registered triggers */
    'engine::triggers::list': {
      input: { search?: string; prefix?: string; worker?: string; include_internal?: boolean; kind?: string }
      output: { triggers: Record<string, any>[] }
    }
    /** Removes a trigger that engine::register_trigger made, or that the caller registered */
    'engine::unregister_trigger': {
      input: { id: string; trigger_type?: string }
      output: { removed: boolean }
    }
    /** Describes a worker with its functions, trigger types and triggers */
    'engine::workers::info': {
      input: { name?: string; id?: string; namespace?: string }
      output: {
        worker: Record<string, any>
        functions: Record<string, any>[]
        trigger_types: Record<string, any>[]
        registered_triggers: Record<string, any>[]
      }
    }
    /** Lists the workers: connected ones and those inside the engine */
    'engine::workers::list': {
      input: { search?: string; runtime?: string; status?: string; worker_id?: string }
      output: { workers: Record<string, any>[]; timestamp: number }
    }
    /** Tells the engine name, runtime and version of the calling worker */
    'engine::workers::register': {
      input: {
        runtime?: string
        version?: string
        name?: string
        description?: string
        os?: string
        pid?: number
        isolation?: string
        namespace?: string
        telemetry?: Record<string, any>
      }
      output: { success: boolean }
    }
    /** Writes a line of level debug into the engine's log */
    'logger::debug': {
      input: { message: string; trace_id?: string; span_id?: string; data?: unknown; service_name?: string }
      output: null | undefined
    }
    /** Writes a line of level error into the engine's log */
    'logger::error': {
      input: { message: string; trace_id?: string; span_id?: string; data?: unknown; service_name?: string }
      output: null | undefined
    }
    /** Writes a line of level info into the engine's log */
    'logger::info': {
      input: { message: string; trace_id?: string; span_id?: string; data?: unknown; service_name?: string }
      output: null | undefined
    }
    /** Writes a line of level trace into the engine's log */
    'logger::trace': {
      input: { message: string; trace_id?: string; span_id?: string; data?: unknown; service_name?: string }
      output: null | undefined
    }
    /** Writes a line of level warn into the engine's log */
    'logger::warn': {
      input: { message: string; trace_id?: string; span_id?: string; data?: unknown; service_name?: string }
      output: null | undefined
    }
  }

  interface KnownTriggers {
    /** The set of registered functions changed */
    'engine::functions-available': {
      config: Record<string, never>
      event: { event?: 'functions_changed'; functions?: any[] }
    }
    /** Functions came or went; told at once, before the next call of the worker that registered them */
    'engine::functions-changed': {
      config: {
        /** The first letters of the ids. Default: all ids, but for sessions. */
        prefix?: string
        /** Only functions that a trusted worker provides. Default: all. */
        trusted?: boolean
      }
      event: {
        event?: 'functions_changed'
        /** First everything that is there, then what is new. */
        added?: any[]
        removed?: any[]
      }
    }
    /** A plugin was started, reloaded or stopped, failed, or has new code that was refused */
    'engine::plugins-changed': {
      config: Record<string, never>
      event: {
        event?: 'started' | 'reloaded' | 'stopped' | 'failed' | 'stale'
        name?: string
        generation?: number
        error?: any
      }
    }
    /** A worker connected, announced itself or disconnected */
    'engine::workers-available': {
      config: Record<string, never>
      event: { event?: 'worker_connected' | 'worker_metadata_updated' | 'worker_disconnected'; worker_id?: string }
    }
  }
}

export {}
