// The trigger type `cron` (spec 03 §7.1): what its config says.
import { describeValue } from '../../kit/functions/input-reader.ts'
import { readCondition, readConfigObject, readOptionalText } from '../../kit/triggers/trigger-bindings.ts'
import type { TriggerTypeInput } from '../../sdk/handle-types.ts'
import {
  type CronConfig,
  LONGEST_TIMEOUT_MS,
  readRunSettings,
  RUN_SETTINGS_SCHEMA,
  type RunSettings,
} from './config.ts'
import { type CronFields, type DowNumbering, MAX_EXPRESSION_LENGTH, parseExpression } from './expression.ts'
import type { TimeZone } from './time-zone.ts'

/** What a trigger's config says. */
export interface CronPlan {
  readonly expression: string
  readonly fields: CronFields
  readonly zone: TimeZone
  readonly conditionFunctionId: string | undefined
  /** What it decides for itself. */
  readonly own: Partial<RunSettings>
  readonly warning: string | undefined
}

export interface PlanContext {
  readonly dowNumbering: DowNumbering
  /** Throws when there is no such zone. */
  readonly zone: (name: string) => TimeZone
}

const TIME = { type: 'string', format: 'date-time' }

export const CRON_TRIGGER_TYPE: TriggerTypeInput = {
  id: 'cron',
  description: 'Fires at the times that an expression matches.',
  trigger_request_format: {
    type: 'object',
    additionalProperties: false,
    required: ['expression'],
    properties: {
      expression: {
        type: 'string',
        minLength: 1,
        maxLength: MAX_EXPRESSION_LENGTH,
        description:
          'second minute hour day-of-month month day-of-week [year]; or the 5 fields of crontab; or @hourly and the like.',
      },
      timezone: { type: ['string', 'null'], description: 'IANA name of the zone of these times. Default UTC.' },
      condition_function_id: {
        type: ['string', 'null'],
        description: 'Gets the payload first; exactly false skips the handler.',
      },
      ...RUN_SETTINGS_SCHEMA,
    },
  },
  call_request_format: {
    type: 'object',
    required: ['trigger', 'job_id', 'scheduled_time', 'actual_time'],
    properties: {
      trigger: { const: 'cron' },
      job_id: { type: 'string', description: 'Id of the trigger.' },
      scheduled_time: TIME,
      actual_time: TIME,
    },
  },
}

/** Throws what is wrong. Members that it does not know have been refused before. */
export function readCronPlan(config: unknown, { dowNumbering, zone }: PlanContext): CronPlan {
  const members = readConfigObject(config)
  const expression = members['expression']
  if (typeof expression !== 'string')
    throw new Error(`\`expression\` must be a cron expression, got ${describeValue(expression)}`)
  return {
    expression,
    ...parseExpression(expression, dowNumbering),
    zone: zone(readOptionalText(members, 'timezone') ?? 'UTC'),
    conditionFunctionId: readCondition(members),
    own: readRunSettings(checkedRunSettings(members)),
  }
}

function checkedRunSettings(members: Readonly<Record<string, unknown>>): CronConfig {
  for (const member of ['overlap', 'misfire'] as const) {
    const value = members[member]
    const choices: readonly unknown[] = RUN_SETTINGS_SCHEMA[member].enum
    if (value !== undefined && !choices.includes(value))
      throw new Error(
        `\`${member}\` must be one of ${choices.filter((choice) => choice !== null).join(', ')}, got ${describeValue(value)}`,
      )
  }
  for (const member of ['run_timeout_ms', 'max_waiting_runs', 'max_parallel_runs'] as const) {
    const value = members[member]
    if (value === undefined || value === null) continue
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > LONGEST_TIMEOUT_MS)
      throw new Error(`\`${member}\` must be an integer from 1 to ${LONGEST_TIMEOUT_MS}, got ${describeValue(value)}`)
  }
  return members as CronConfig
}
