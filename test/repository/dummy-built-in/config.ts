import type { JsonSchema } from '../../../sdk/plugin.ts'

export const TALLY_CONFIG_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    max: { type: 'integer', minimum: 1, default: 10, description: 'Highest tally.' },
    adapter: { type: 'object', properties: { name: { enum: ['paper'] } }, description: 'Where it is kept.' },
  },
}
