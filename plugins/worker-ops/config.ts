// The `config` block of `iii-worker-ops`.
import type { JsonSchema } from '../../sdk/plugin.ts'

/** How long `wait` waits for a worker to be ready (spec 05 B.1). */
export const READY_MS = 120_000

export interface WorkerOpsConfig {
  readonly ready_timeout_ms?: number | null
}

export const WORKER_OPS_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ready_timeout_ms: {
      type: ['integer', 'null'],
      minimum: 1,
      maximum: 3_600_000,
      description: `How long worker::add and worker::start with \`wait\` wait for a worker to connect. Default ${READY_MS}.`,
    },
  },
}
