// The `config` block of `iii-exec` (spec 04 part D): its schema, and its values with the defaults filled in.
import type { JsonSchema } from '../../sdk/plugin.ts'
import { MAX_RESTARTS } from './restarts.ts'

export interface ExecConfig {
  readonly exec: readonly string[]
  readonly watch?: readonly string[] | null
  readonly max_restarts?: number | null
}

export const EXEC_CONFIG_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['exec'],
  properties: {
    exec: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      description:
        'Commands, each run by a shell in the project folder, one after another: when one succeeds the next begins. The last one may run as long as the engine does.',
    },
    watch: {
      type: ['array', 'null'],
      items: { type: 'string', minLength: 1 },
      description:
        'Patterns such as src/**/*.ts, relative to the project folder. When a file that matches changes, all commands are run again from the first one. Default: none.',
    },
    max_restarts: {
      type: ['integer', 'null'],
      minimum: 0,
      description: `How often the last command is started again after it has failed, without having run for 10 seconds in between; 0 = never, null = without end. Default ${MAX_RESTARTS}.`,
    },
  },
}

export interface ExecSettings {
  readonly commands: readonly string[]
  readonly patterns: readonly string[]
  readonly maxRestarts: number
}

export function execSettings({ exec, watch, max_restarts: maxRestarts }: ExecConfig): ExecSettings {
  return {
    commands: exec,
    patterns: watch ?? [],
    maxRestarts: maxRestarts === undefined ? MAX_RESTARTS : (maxRestarts ?? Number.POSITIVE_INFINITY),
  }
}
