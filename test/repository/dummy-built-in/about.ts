// What others need to know of `iii-tally`, a worker of the tests: every member that a row may have.
import type { BuiltInAbout } from '../../../sdk/built-in.ts'

export const about = {
  name: 'iii-tally',
  alias: 'tally',
  classes: ['modules::tally::TallyModule'],
  adapterClasses: { 'modules::tally::PaperAdapter': 'paper' },
  triggerTypes: ['tally:full'],
  functionIds: ['tally::*'],
  exactGrants: ['tally::reset'],
  isDefault: true,
  errors: { TALLY_FULL: 'The tally has reached its limit.' },
  tryNext: 'trigger tally::add by=2',
  commands: {
    tally: { summary: 'Add to the tally', aliases: ['tallies'], load: () => import('./commands/tally.ts') },
  },
  config: async () => (await import('./config.ts')).TALLY_CONFIG_SCHEMA,
  bounds: async () => [{ limit: 'the tally', option: 'max', initial: '10', effect: '`TALLY_FULL`' }],
  declareFunctions: async (registrar) => (await import('./functions.ts')).registerTallyFunctions(registrar, 0),
} as const satisfies BuiltInAbout
