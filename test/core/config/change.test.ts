// One change over several participants: all of it or nothing, in two phases.
import { expect, test } from 'vitest'
import {
  bringIntoForce,
  carryOutChange,
  ChangeError,
  tellProblems,
  type ChangeParticipant,
  type ChangeProblem,
} from '../../../core/config/change.ts'
import type { EngineConfig } from '../../../core/config/types.ts'
import { loadText } from './load-text.ts'

const RUNNING = loadText('workers: []\n')
const WANTED = loadText('plugins_dir: ./other\n')
const PROBLEM: ChangeProblem = { subject: "plugin 'a'", code: 'PLUGIN_CONFIG_INVALID', message: 'it is wrong' }

test('All prepare, let go and commit, in this order', async () => {
  const { log, one, two, change } = scene()
  expect(await change([one, two])).toEqual([])
  expect(log).toEqual([
    'one prepares wanted',
    'two prepares wanted',
    'one lets go',
    'two lets go',
    'one commits wanted',
    'two commits wanted',
  ])
})

test('A problem of one keeps all from committing, and all problems are told', async () => {
  const { log, part, one, change } = scene()
  const other = { ...PROBLEM, subject: "plugin 'b'" }
  expect(await change([one, part('two', { problems: [PROBLEM] }), part('three', { problems: [other] })])).toEqual([
    PROBLEM,
    other,
  ])
  expect(log.slice(3).sort()).toEqual(['one discards', 'three discards', 'two discards'])
})

test('One that fails to prepare refuses the change as well', async () => {
  const { log, one, change } = scene()
  const broken: ChangeParticipant = { prepare: () => Promise.reject(new Error('out of order')) }
  expect(await change([one, broken])).toEqual([expect.objectContaining({ message: 'out of order' })])
  expect(log).toEqual(['one prepares wanted', 'one discards'])
})

test('When a commit fails those before go back and those behind are discarded', async () => {
  const { log, part, one, change } = scene()
  const failing = part('two', { fails: new ChangeError([PROBLEM]) })
  expect(await change([one, failing, part('three')])).toEqual([PROBLEM])
  expect(log.slice(6)).toEqual([
    'one commits wanted',
    'two fails',
    'three discards',
    'one prepares running',
    'one lets go',
    'one commits running',
  ])
})

test('One that cannot go back is told of, and keeps no other from it', async () => {
  const { log, part, change, failures } = scene()
  const stuck = part('two', { problemsOn: (config) => (config === RUNNING ? [PROBLEM] : []) })
  await change([part('one'), stuck, part('three', { fails: new Error('late') })])
  expect(failures.map(String)).toEqual([`ChangeError: plugin 'a': it is wrong`])
  expect(log.at(-1)).toBe('one commits running')
})

test('A participant by itself rejects with its problems and holds nothing then', async () => {
  const { log, part } = scene()
  await expect(bringIntoForce(part('one', { problems: [PROBLEM] }), WANTED)).rejects.toMatchObject({
    problems: [PROBLEM],
  })
  expect(log).toEqual(['one prepares wanted', 'one discards'])
})

test('Of many problems one line tells the first few and how many are left', () => {
  const problems = Array.from({ length: 8 }, (_, index) => ({ ...PROBLEM, subject: `plugin '${index}'` }))
  expect(tellProblems(problems.slice(0, 2))).toBe("plugin '0': it is wrong; plugin '1': it is wrong")
  expect(tellProblems(problems)).toMatch(/^plugin '0': .*plugin '4': it is wrong; and 3 more$/)
})

interface PartOptions {
  readonly problems?: readonly ChangeProblem[]
  readonly problemsOn?: (config: EngineConfig) => readonly ChangeProblem[]
  readonly fails?: Error
}

function scene() {
  const log: string[] = []
  const failures: unknown[] = []
  const part = (
    name: string,
    { problems = [], problemsOn = () => problems, fails }: PartOptions = {},
  ): ChangeParticipant => ({
    async prepare(config) {
      const which = config === RUNNING ? 'running' : 'wanted'
      log.push(`${name} prepares ${which}`)
      return {
        problems: problemsOn(config),
        release: () => void log.push(`${name} lets go`),
        async commit() {
          log.push(fails === undefined ? `${name} commits ${which}` : `${name} fails`)
          if (fails !== undefined) throw fails
        },
        discard: async () => void log.push(`${name} discards`),
      }
    },
  })
  const change = (participants: readonly ChangeParticipant[]) =>
    carryOutChange(participants, RUNNING, WANTED, (error) => failures.push(error))
  return { log, failures, part, change, one: part('one'), two: part('two') }
}
