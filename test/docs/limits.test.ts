// Limits of the reactive workers that pages name in sentences are those of the code. Those in tables: `tables.test.ts`.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { GROUP_COMMIT_DEFAULTS } from '../../kit/sqlite/group-commit.ts'
import { LANE_DEFAULTS } from '../../kit/triggers/binding-lane.ts'
import { LANE_LIMITS } from '../../plugins/configuration/index.ts'
import { ROOT } from './snippets.ts'

const count = (value: number): string => value.toLocaleString('en-US')
const seconds = (ms: number): string => `${ms / 1_000} s`
const mebi = (bytes: number): string => `${bytes / 1024 / 1024} MiB`

const lane = LANE_DEFAULTS
const commit = GROUP_COMMIT_DEFAULTS

const SAID: Record<string, readonly string[]> = {
  state: [
    `in the store, ${count(commit.maxWaitingOperations)} or ${mebi(commit.maxWaitingBytes)}`,
    `up to ${lane.maxInFlight} of its calls run side by side`,
    `When ${count(lane.maxWaiting)} events or ${mebi(lane.maxWaitingBytes)} wait`,
    `Up to ${lane.maxUndecidedPerKey} conditions of a key run side by side. One that hangs counts as failed after ${seconds(lane.conditionTimeoutMs)}`,
    `A handler that has not answered after ${seconds(lane.handlerTimeoutMs)}`,
  ],
  'configuration-worker': [
    `A handler that has not answered after ${seconds(LANE_LIMITS.handlerTimeoutMs)}`,
    `a condition that takes longer than ${seconds(LANE_LIMITS.conditionTimeoutMs)}`,
  ],
}

describe.each(Object.entries(SAID))('docs/reference/%s.md says', (page, phrases) => {
  const text = readFileSync(path.join(ROOT, `docs/reference/${page}.md`), 'utf8').replaceAll(/\s+/g, ' ')
  it.each(phrases)('%s', (phrase) => {
    expect(text).toContain(phrase)
  })
})
