import { definePlugin } from '../../../sdk/plugin.ts'
import { TALLY_CONFIG_SCHEMA } from './config.ts'
import { registerTallyFunctions } from './functions.ts'

export default definePlugin<{ readonly max: number }>({
  name: 'iii-tally',
  description: 'Counts.',
  config: TALLY_CONFIG_SCHEMA,
  isolation: 'shared',
  start: ({ iii, config }) => registerTallyFunctions(iii, config.max),
})
