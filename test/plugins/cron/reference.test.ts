// docs/reference/cron.md, held against the code: names in both directions, and what the example expressions are said to do.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { CRON_TRIGGER_TYPE } from '../../../plugins/cron/trigger.ts'
import { parseExpression } from '../../../plugins/cron/expression.ts'
import { nextMatch } from '../../../plugins/cron/next.ts'
import { namesAfter } from '../../docs/page-tables.ts'
import { ROOT } from '../../docs/snippets.ts'
import { GRACE_MS } from '../../../plugins/cron/jobs.ts'
import { LONGEST_GAP_MS } from '../../../kit/generations/hand-over-file.ts'
import { FIRED_TTL_MS, REDIS_LOCK_TTL_MS } from '../../../plugins/cron/locks/redis.ts'
import { CONDITION_TIMEOUT_MS } from '../../../plugins/cron/run.ts'

const PAGE = 'docs/reference/cron.md'
const text = readFileSync(path.join(ROOT, PAGE), 'utf8')

test('has every member of the config of a trigger', () => {
  const { properties } = CRON_TRIGGER_TYPE.trigger_request_format as { properties: object }
  expect(namesAfter(PAGE, '## The trigger type cron').sort()).toEqual(Object.keys(properties).sort())
})

test('has the payload with its members', () => {
  const { required } = CRON_TRIGGER_TYPE.call_request_format as { required: string[] }
  const [, json] = /```json\n([^`]+)```/.exec(text) ?? []
  expect(Object.keys(JSON.parse(json ?? '{}'))).toEqual(required)
})

test('has the times that the code keeps', () => {
  expect([GRACE_MS, LONGEST_GAP_MS, FIRED_TTL_MS, REDIS_LOCK_TTL_MS, CONDITION_TIMEOUT_MS]).toEqual([
    50, 60_000, 60_000, 30_000, 30_000,
  ])
  for (const said of [
    'over after 50 ms',
    'gaps of up to 60 s',
    '| 60 s, so that',
    '| 30 s, renewed every 10 s',
    'condition has 30 s',
  ])
    expect(text.replaceAll('\n', ' ')).toContain(said)
})

// From 2026-01-01, a Thursday.
test.each([
  ['*/10 * * * * *', '2026-01-01T00:00:10Z'],
  ['0 */5 * * * *', '2026-01-01T00:05:00Z'],
  ['0 0 9 * * Mon-Fri', '2026-01-01T09:00:00Z'],
  ['0 9 * * 1-5', '2026-01-01T09:00:00Z'],
  ['0 30 4 1 * ?', '2026-01-01T04:30:00Z'],
  ['0 0 9 13 * Fri', '2026-02-13T09:00:00Z'],
  ['0 0 0 1 1 * 2027', '2027-01-01T00:00:00Z'],
])('the example %s does what it says', (expression, expected) => {
  expect(namesAfter(PAGE, '| expression | fires |')).toContain(expression)
  const { fields } = parseExpression(expression, 'quartz')
  expect(nextMatch(fields, Date.parse('2026-01-01T00:00:00Z') / 1_000)).toBe(Date.parse(expected) / 1_000)
})
