// Written by `npm run docs` from the schemas that are published.

declare module '../../sdk/known-ids.ts' {
  interface KnownFunctions {
    /** Installs a worker from a registry or a folder, and runs it */
    'worker::add': {
      input: {
        /** Where it comes from: an object with `kind`, or a text: a path, or `name@version`. */
        source: unknown
        /** Puts it in the place of one that is there. Default false. */
        force?: boolean
        /** With `force`: drops the settings of the entry. Default false. */
        reset_config?: boolean
        /** Meant to install more than 32 workers. Default false. */
        yes?: boolean
        /** Answers when the worker can be called, or 120 s have passed. Default false. */
        wait?: boolean
      }
      output: {
        name: string
        version?: string
        status: 'installed' | 'already_current' | 'repaired' | 'replaced'
        /** It was waited for, and it can be called. */
        awaited_ready: boolean
        /** The configuration file. */
        config_path: string
        /** Why it is not ready. */
        hint?: string
      }
    }
    /** Takes workers out of the configuration; their processes end */
    'worker::remove': {
      input: {
        /** Names of workers. */
        names?: readonly string[]
        /** All of them, in place of `names`. Default false. */
        all?: boolean
        /** Must be true: it is meant. */
        yes: boolean
      }
      output: { removed: string[] }
    }
    /** Brings workers of a registry to their latest version */
    'worker::update': {
      input: {
        /** Names of workers. Default: all of a registry. */
        names?: readonly string[]
      }
      output: {
        /** Those that have another version now. */
        updated: { name: string; from_version: string; to_version: string }[]
      }
    }
    /** Starts a worker that was stopped */
    'worker::start': {
      input: {
        /** Name of the worker. */
        name: string
        /** Of the listener to connect to. */
        port?: number | null
        /** Path of a file, handed to a binary as --config. */
        config?: string | null
        /** Answers when it can be called, or 120 s have passed. Default true. */
        wait?: boolean
      }
      output: { name: string; pid: number | null; port: number | null }
    }
    /** Ends the process of a worker until it is started again, or the engine is */
    'worker::stop': {
      input: {
        /** Name of the worker. */
        name: string
        /** Must be true: it is meant. */
        yes: boolean
      }
      output: { name: string; stopped: boolean }
    }
    /** Lists the workers of the configuration, and whether they run */
    'worker::list': {
      input: {
        /** Only those that are connected. Default false. */
        running_only?: boolean
        /** Also workers of the engine without an entry. Default false. */
        include_builtin?: boolean
      }
      output: {
        workers: {
          name: string
          version?: string
          running: boolean
          /** running: connected. starting: on its way, or to be started again. stopped: neither. */
          status: 'running' | 'starting' | 'stopped'
          pid: number | null
        }[]
      }
    }
    /** Tells how a worker is, with the last lines that it wrote and what to do next */
    'worker::status': {
      input: {
        /** Name of the worker. */
        name: string
      }
      output: {
        name: string
        installed: boolean
        worker_type: 'oci' | 'local' | 'binary' | 'bundle' | 'builtin' | 'not-installed'
        running: boolean
        /** running: connected. starting: on its way, or to be started again. stopped: neither. */
        status?: 'running' | 'starting' | 'stopped'
        pid: number | null
        version: string | null
        logs_dir: string | null
        /** The last 20 lines. */
        stderr_tail: string[]
        /** The last 20 lines. */
        stdout_tail: string[]
        /** What to do next. */
        hint: string
      }
    }
    /** Reads the last lines that a worker wrote */
    'worker::logs': {
      input: {
        /** Name of the worker. */
        name: string
        /** Lines of each stream. Default 100. */
        tail?: number
        /** With the escapes of terminals. Default false. */
        raw?: boolean
      }
      output: { name: string; logs_dir: string | null; stdout: string[]; stderr: string[] }
    }
    /** Deletes what was installed of workers that do not run */
    'worker::clear': {
      input: {
        /** Names of workers. */
        names?: readonly string[]
        /** All of them, in place of `names`. Default false. */
        all?: boolean
        /** Must be true: it is meant. */
        yes: boolean
      }
      output: { cleared_bytes: number }
    }
    /** Describes these functions, and the manifest iii.worker.yaml */
    'worker::schema': {
      input: {
        /** One function, or iii.worker.yaml. Default: all. */
        function_id?: string
      }
      output: {
        schemas: {
          function_id: string
          description: string
          request: Record<string, any>
          response: Record<string, any>
          default_timeout_ms?: number | null
          idempotent?: boolean | null
        }[]
      }
    }
    /** Checks a manifest, and installs nothing */
    'worker::validate': {
      input: {
        /** The text of a manifest. */
        manifest?: string
        /** A folder, or a manifest file, relative to the project. */
        path?: string
      }
      output: {
        valid: boolean
        name: string | null
        errors: string[]
        unknown_keys: string[]
        deprecated_keys: string[]
        warnings: string[]
      }
    }
  }

  interface KnownTriggers {
    /** Fires for each stage of an operation on workers, such as worker::add */
    'worker': {
      config: {
        /** Only of these. Default: all. */
        operations?: readonly ('add' | 'remove' | 'update' | 'start' | 'stop' | 'clear')[]
        /** Only these. Default: all. */
        stages?: readonly ('started' | 'downloading' | 'downloaded' | 'removing' | 'updating' | 'starting' | 'stopping' | 'clearing' | 'done' | 'failed')[]
        /** Only on workers of these names. Default: all. */
        workers?: readonly string[]
        /** Gets the event first; exactly false skips the handler. */
        condition_function_id?: string | null
      }
      event: {
        operation: 'add' | 'remove' | 'update' | 'start' | 'stop' | 'clear'
        /** Its name; until that is known, what was asked for. */
        worker: string
        stage: 'started' | 'downloading' | 'downloaded' | 'removing' | 'updating' | 'starting' | 'stopping' | 'clearing' | 'done' | 'failed'
        timestamp_ms: number
        source?: { kind?: string; ref?: string }
        version?: string
        status?: string
        caller_mode: 'cli' | 'trigger'
        /** From 0 to 1, while it is downloaded. */
        progress?: number
        error?: { code?: string; message?: string }
      }
    }
  }
}

export {}
