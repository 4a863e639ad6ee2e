// Which keys an item of `workers:` / `modules:` may have (spec 04 A.3, 09 §1). What `config` holds is its worker's matter.
import type { JsonSchema } from '../../sdk/plugin.ts'

const PATHS = { type: 'array', items: { type: 'string', minLength: 1 }, default: [] }

/** Of a plugin, so that a wrong number in the file starts no storm of threads. */
const MAX_REPLICAS = 64

export const ENTRY_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, description: 'A built-in worker, or a plugin found in plugins_dir.' },
    class: {
      type: 'string',
      minLength: 1,
      description: 'The name in the style of iii 0.10 and older, such as modules::worker::WorkerModule.',
    },
    config: { type: ['object', 'null'], description: "The worker's own settings, checked against its schema." },
    isolation: {
      enum: ['shared', 'thread', 'process'],
      description: 'How the plugin is kept apart from others. Default: what the plugin says, else thread.',
    },
    replicas: {
      type: 'integer',
      minimum: 1,
      maximum: MAX_REPLICAS,
      description: 'Generations side by side; more than 1 only for plugins that declare overlap. Default 1.',
    },
    memory_mb: { type: 'integer', minimum: 1, description: 'Soft limit; above it the plugin is ended as a crash.' },
    max_in_flight: {
      type: 'integer',
      minimum: 1,
      description:
        'Calls that run in one generation at the same time; further ones get the code overloaded. Default 10000.',
    },
    allow: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      description: 'Ids that the plugin may call, * as wildcard. Default: all but reserved ids.',
    },
    permissions: {
      type: 'object',
      description:
        'What the process of the plugin may do (isolation: process only). Relative paths start at the project root.',
      properties: {
        fs_read: PATHS,
        fs_write: PATHS,
        net: { type: 'boolean', default: false },
        child_process: { type: 'boolean', default: false },
      },
      additionalProperties: false,
    },
    enabled: { type: 'boolean', description: 'false = known but not run. Default true.' },
    worker_path: {
      type: 'string',
      minLength: 1,
      description: 'Folder of a worker that the engine runs, relative to this file. `iii worker add` writes it.',
    },
    image: { type: 'string', description: "Container image, written by iii's command line; without effect." },
    type: { description: "Written by iii's command line; without effect." },
    version: { description: "Written by iii's command line; without effect." },
  },
  additionalProperties: false,
}
