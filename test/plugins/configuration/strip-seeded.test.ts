// `strip_seeded`: the block of a plugin leaves the engine's file once it is stored (spec 04 A.9.7).
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { withoutBlock } from '../../../plugins/configuration/strip-seeded.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { runConfiguration } from './run-plugin.ts'

const NAMES = ['iii-state', 'state']
const COMMENT = "# config: kept by the configuration worker under 'iii-state'"

const FILE = `# the file
workers:
  - name: iii-worker-manager
    config:
      port: 1
  # state
  - name: state   # short
    # before
    config:
      # inside
      max_value_bytes: 5

      triggers_enabled: false
    # after

    isolation: thread
  - name: iii-cron
    config: { }
`

test('The block is replaced by one comment, and every other byte stays', async () => {
  const expected = FILE.replace(/    config:\n      # inside\n[^]*?false\n/, `    ${COMMENT}\n`)
  expect(await withoutBlock(FILE, NAMES)).toEqual({ text: expected })
  expect(await withoutBlock(FILE.replaceAll('\n', '\r\n'), NAMES)).toEqual({ text: expected.replaceAll('\n', '\r\n') })
  expect(await withoutBlock(expected, NAMES)).toBeUndefined()
})

test.each([
  ['- name: state\n  config: { a: 1 }\n', `- name: state\n  ${COMMENT}\n`],
  ['-   name: "state"\n    config:\n      a: 1', `-   name: "state"\n    ${COMMENT}`],
  [
    '- name: state\n  config:\n    a: 1\n- name: state\n  config:\n    a: 2\n',
    `- name: state\n  ${COMMENT}\n- name: state\n  config:\n    a: 2\n`,
  ],
])('Of the list %j remains %j', async (list, rest) => {
  const file = (text: string) => `modules:\n${text}`
  expect(await withoutBlock(file(list), NAMES)).toEqual({ text: file(rest) })
})

test.each([
  ['- { name: state, config: { a: 1 } }\n'],
  ['- config:\n    a: 1\n  name: state\n'],
  ['- name: other\n  config:\n    a: 1\n'],
  ['- name: state\n'],
])('%j is left alone', async (list) => {
  expect(await withoutBlock(`workers:\n${list}`, NAMES)).toBeUndefined()
})

test('A block that names variables, or that others refer to, stays with the reason', async () => {
  expect(await withoutBlock('workers:\n- name: state\n  config:\n    a: "${A:1}"\n', NAMES)).toEqual({
    problem: 'it names environment variables',
  })
  const shared = 'workers:\n- name: state\n  config: &same\n    a: 1\n- name: other\n  config: *same\n'
  expect(await withoutBlock(shared, NAMES)).toEqual({ problem: 'other lines refer to it' })
})

test('Lines that look like the entry but are text stay', async () => {
  const text = 'text: |\n  - name: state\n    config:\n      a: 1\n'
  const block = '  config:\n    a: 1\n'
  expect(await withoutBlock(`${text}workers:\n- name: state\n${block}`, NAMES)).toEqual({
    text: `${text}workers:\n- name: state\n  ${COMMENT}\n`,
  })
})

test('With strip_seeded a block is stored, leaves the file, and still counts after a restart', async () => {
  const folder = tempFolder()
  const file = join(folder, 'iii-config.yaml')
  writeFileSync(file, FILE)
  chmodSync(file, 0o644)
  const run = await runConfiguration({ strip_seeded: true }, folder)
  const config = { max_value_bytes: 5, triggers_enabled: false }
  await run.plugin('iii-state', { aliases: ['state'], config, file })
  await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toContain(COMMENT), 10_000)
  expect(statSync(file).mode & 0o777).toBe(0o644)
  expect(await run.resolve('iii-state', {})).toEqual({ value: config, from: 'stored' })
  await run.stop()
  const next = await runConfiguration({ strip_seeded: true }, folder)
  expect(await next.resolve('iii-state', {})).toEqual({ value: config, from: 'stored' })
})

test('Without it, and without a block, the file is not touched', async () => {
  const folder = tempFolder()
  const file = join(folder, 'iii-config.yaml')
  writeFileSync(file, FILE)
  const run = await runConfiguration({}, folder)
  await run.plugin('iii-state', { aliases: ['state'], config: { max_value_bytes: 5 }, file })
  await run.stop()
  const stripping = await runConfiguration({ strip_seeded: true }, folder)
  await stripping.plugin('iii-state', { aliases: ['state'], file })
  await stripping.stop()
  expect(readFileSync(file, 'utf8')).toBe(FILE)
})
