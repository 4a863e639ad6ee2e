// What to do about something that nobody provides: nobody is sent to a worker that this version has not.
import { expect, test } from 'vitest'
import { howToProvide } from '../../../core/model/known-workers.ts'
import { ALL_NAMES } from '../../support/worker-names.ts'

test.each([
  ['cron', "add 'iii-cron' to the configuration"],
  [
    'trace',
    "connect a worker that registers it; 'iii-observability', which does so in iii, is not part of this version",
  ],
  ['of-nobody', 'connect a worker that registers it'],
])('the type %s: %s', (type, remedy) => {
  expect(howToProvide('it', ALL_NAMES.ofTriggerType(type), ALL_NAMES)).toBe(remedy)
})
