// The trigger types that tell of changed skills, prompts and profiles (spec 05 A.4): one for each kind. Plain data.
import type { TriggerTypeInput } from '../../../sdk/handle-types.ts'

export type ChangeKind = 'skills' | 'prompts' | 'system-prompts' | 'agents'

export const CHANGE_KINDS = ['skills', 'prompts', 'system-prompts', 'agents'] as const satisfies readonly ChangeKind[]

/** Names that one event of changes by others carries. */
export const MAX_CHANGED = 100

export function changeTriggerType(kind: ChangeKind): TriggerTypeInput {
  return {
    id: `directory::${kind}::on-change`,
    description: `Fires when ${WHAT[kind]} are downloaded, made, changed or deleted, by whomever.`,
    trigger_request_format: { type: 'object', description: 'Not looked at.' },
    call_request_format: {
      type: 'object',
      required: ['op'],
      properties: {
        op: {
          enum: ['download', 'create', 'update', 'delete', 'external'],
          description: '`external`: files were changed by others than the engine.',
        },
        ...(kind === 'skills' && { id: { type: 'string', description: 'Of the skill. Not of a download.' } }),
        ...(kind !== 'skills' && { name: { type: 'string', description: NAME[kind] } }),
        namespace: {
          type: 'string',
          description: kind === 'skills' ? 'The first part of the id.' : 'What was downloaded.',
        },
        source: { enum: ['repo', 'registry'], description: 'Of a download.' },
        changed: {
          type: 'array',
          items: { type: 'string' },
          description: `Of external changes: ${kind === 'skills' ? 'ids' : 'names by their files'}, at most ${MAX_CHANGED}.`,
        },
        count: { type: 'integer', description: 'Of external changes: how many there are.' },
      },
    },
  }
}

const WHAT = {
  skills: 'skills',
  prompts: 'prompts',
  'system-prompts': 'system prompts',
  agents: 'profiles of agents',
} as const

const NAME = {
  prompts: 'Of the prompt. Not of a download.',
  'system-prompts': 'Of the prompt. Not of a download.',
  agents: 'Id of the profile. Not of a download.',
} as const

export const SKILL_TRIGGER_TYPES: readonly TriggerTypeInput[] = CHANGE_KINDS.map(changeTriggerType)
