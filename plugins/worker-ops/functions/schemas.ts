// Request and response schemas of the functions `worker::*` (spec 05 B), as they are published and as `worker::schema` answers them.
import { objectSchema } from '../../../kit/functions/function-schemas.ts'
import type { JsonSchema } from '../../../sdk/plugin.ts'

const TEXT: JsonSchema = { type: 'string' }
const FLAG: JsonSchema = { type: 'boolean' }
const TEXT_OR_NULL: JsonSchema = { type: ['string', 'null'] }
const PID: JsonSchema = { type: ['integer', 'null'] }
const TEXTS: JsonSchema = { type: 'array', items: TEXT }
const NAME: JsonSchema = { type: 'string', pattern: '^(?!\\.)[A-Za-z0-9._-]+$', description: 'Name of the worker.' }
const NAMES: JsonSchema = { type: 'array', items: TEXT, description: 'Names of workers.' }
const YES: JsonSchema = { type: 'boolean', description: 'Must be true: it is meant.' }
const ALL: JsonSchema = { type: 'boolean', description: 'All of them, in place of `names`. Default false.' }

const SOURCE: JsonSchema = {
  description: 'Where it comes from: an object with `kind`, or a text: a path, or `name@version`.',
  oneOf: [
    {
      type: 'object',
      required: ['kind', 'name'],
      properties: {
        kind: { const: 'registry' },
        name: { type: 'string', description: 'Name in the registry; `name@version` is possible too.' },
        version: { type: 'string', description: 'Version, tag or range. Default: the latest one.' },
      },
    },
    {
      type: 'object',
      required: ['kind', 'path'],
      properties: {
        kind: { const: 'local' },
        path: { type: 'string', description: 'A folder with iii.worker.yaml, relative to the project.' },
      },
    },
    {
      type: 'object',
      required: ['kind', 'reference'],
      properties: { kind: { const: 'oci' }, reference: { type: 'string', description: 'Not supported: W141.' } },
    },
    { type: 'string' },
  ],
}

export const ADD = {
  request: objectSchema(
    {
      source: SOURCE,
      force: { type: 'boolean', description: 'Puts it in the place of one that is there. Default false.' },
      reset_config: { type: 'boolean', description: 'With `force`: drops the settings of the entry. Default false.' },
      yes: { type: 'boolean', description: 'Meant to install more than 32 workers. Default false.' },
      wait: {
        type: 'boolean',
        description: 'Answers when the worker can be called, or 120 s have passed. Default false.',
      },
    },
    ['source'],
  ),
  response: objectSchema(
    {
      name: TEXT,
      version: TEXT,
      status: { enum: ['installed', 'already_current', 'repaired', 'replaced'] },
      awaited_ready: { type: 'boolean', description: 'It was waited for, and it can be called.' },
      config_path: { type: 'string', description: 'The configuration file.' },
      hint: { type: 'string', description: 'Why it is not ready.' },
    },
    ['name', 'status', 'awaited_ready', 'config_path'],
  ),
}

export const REMOVE = {
  request: objectSchema({ names: NAMES, all: ALL, yes: YES }, ['yes']),
  response: objectSchema({ removed: TEXTS }, ['removed']),
}

export const UPDATE = {
  request: objectSchema({ names: { ...NAMES, description: 'Names of workers. Default: all of a registry.' } }, []),
  response: objectSchema(
    {
      updated: {
        type: 'array',
        items: objectSchema({ name: TEXT, from_version: TEXT, to_version: TEXT }, [
          'name',
          'from_version',
          'to_version',
        ]),
        description: 'Those that have another version now.',
      },
    },
    ['updated'],
  ),
}

export const START = {
  request: objectSchema(
    {
      name: NAME,
      port: { type: ['integer', 'null'], minimum: 1, maximum: 65535, description: 'Of the listener to connect to.' },
      config: { type: ['string', 'null'], description: 'Path of a file, handed to a binary as --config.' },
      wait: { type: 'boolean', description: 'Answers when it can be called, or 120 s have passed. Default true.' },
    },
    ['name'],
  ),
  response: objectSchema({ name: TEXT, pid: PID, port: { type: ['integer', 'null'] } }, ['name', 'pid', 'port']),
}

export const STOP = {
  request: objectSchema({ name: NAME, yes: YES }, ['name', 'yes']),
  response: objectSchema({ name: TEXT, stopped: FLAG }, ['name', 'stopped']),
}

const STATUS: JsonSchema = {
  enum: ['running', 'starting', 'stopped'],
  description: 'running: connected. starting: on its way, or to be started again. stopped: neither.',
}

export const LIST = {
  request: objectSchema(
    {
      running_only: { type: 'boolean', description: 'Only those that are connected. Default false.' },
      include_builtin: { type: 'boolean', description: 'Also workers of the engine without an entry. Default false.' },
    },
    [],
  ),
  response: objectSchema(
    {
      workers: {
        type: 'array',
        items: objectSchema({ name: TEXT, version: TEXT, running: FLAG, status: STATUS, pid: PID }, [
          'name',
          'running',
          'status',
          'pid',
        ]),
      },
    },
    ['workers'],
  ),
}

export const WORKER_TYPES = ['oci', 'local', 'binary', 'bundle', 'builtin', 'not-installed'] as const

export const STATUS_OF_ONE = {
  request: objectSchema({ name: NAME }, ['name']),
  response: objectSchema(
    {
      name: TEXT,
      installed: FLAG,
      worker_type: { enum: [...WORKER_TYPES] },
      running: FLAG,
      status: STATUS,
      pid: PID,
      version: TEXT_OR_NULL,
      logs_dir: TEXT_OR_NULL,
      stderr_tail: { ...TEXTS, description: 'The last 20 lines.' },
      stdout_tail: { ...TEXTS, description: 'The last 20 lines.' },
      hint: { type: 'string', description: 'What to do next.' },
    },
    ['name', 'installed', 'worker_type', 'running', 'pid', 'version', 'logs_dir', 'stderr_tail', 'stdout_tail', 'hint'],
  ),
}

export const LOGS = {
  request: objectSchema(
    {
      name: NAME,
      tail: { type: 'integer', minimum: 0, maximum: 1000, description: 'Lines of each stream. Default 100.' },
      raw: { type: 'boolean', description: 'With the escapes of terminals. Default false.' },
    },
    ['name'],
  ),
  response: objectSchema({ name: TEXT, logs_dir: TEXT_OR_NULL, stdout: TEXTS, stderr: TEXTS }, [
    'name',
    'logs_dir',
    'stdout',
    'stderr',
  ]),
}

export const CLEAR = {
  request: objectSchema({ names: NAMES, all: ALL, yes: YES }, ['yes']),
  response: objectSchema({ cleared_bytes: { type: 'integer' } }, ['cleared_bytes']),
}

export const SCHEMA = {
  request: objectSchema(
    { function_id: { type: 'string', description: 'One function, or iii.worker.yaml. Default: all.' } },
    [],
  ),
  response: objectSchema(
    {
      schemas: {
        type: 'array',
        items: objectSchema(
          {
            function_id: TEXT,
            description: TEXT,
            request: { type: 'object' },
            response: { type: 'object' },
            default_timeout_ms: { type: ['integer', 'null'] },
            idempotent: { type: ['boolean', 'null'] },
          },
          ['function_id', 'description', 'request', 'response'],
        ),
      },
    },
    ['schemas'],
  ),
}

export const VALIDATE = {
  request: objectSchema(
    {
      manifest: { type: 'string', description: 'The text of a manifest.' },
      path: { type: 'string', description: 'A folder, or a manifest file, relative to the project.' },
    },
    [],
  ),
  response: objectSchema(
    {
      valid: FLAG,
      name: TEXT_OR_NULL,
      errors: TEXTS,
      unknown_keys: TEXTS,
      deprecated_keys: TEXTS,
      warnings: TEXTS,
    },
    ['valid', 'name', 'errors', 'unknown_keys', 'deprecated_keys', 'warnings'],
  ),
}
