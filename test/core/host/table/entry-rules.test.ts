// What an entry may ask of a plugin (spec 09 §1).
import { expect, test } from 'vitest'
import type { WorkerEntry } from '../../../../core/config/types.ts'
import type { PluginDeclaration } from '../../../../core/host/builds/bundle.ts'
import { checkEntry, isolationOf } from '../../../../core/host/table/entry-rules.ts'
import type { PluginSource } from '../../../../core/host/table/plugin-source.ts'

const SOURCE = { name: 'hello', entryFile: '/p/hello.ts', builtIn: false } as PluginSource
const DECLARATION = { name: 'hello', overlap: false, seats: [], requires: [] } as unknown as PluginDeclaration
const entry = (members: Partial<WorkerEntry>): WorkerEntry =>
  ({ name: 'hello', writtenName: 'hello', replicas: 1, ...members }) as WorkerEntry
const problems = (
  members: Partial<WorkerEntry>,
  declared: Partial<PluginDeclaration> = {},
  canDenyNetwork = true,
): string =>
  checkEntry(SOURCE, entry(members), { ...DECLARATION, ...declared }, canDenyNetwork)
    .map(({ path, message }) => `${path.join('.')}: ${message}`)
    .join('\n')
const CAGED: Partial<WorkerEntry> = {
  isolation: 'process',
  permissions: { fs_read: [], fs_write: [], net: false, child_process: false } as unknown as NonNullable<
    WorkerEntry['permissions']
  >,
}

test('an entry that asks for nothing special has no problems', () => {
  expect(problems({})).toBe('')
  expect(problems(CAGED)).toBe('')
  expect(problems({ replicas: 3 }, { overlap: true })).toBe('')
})

test('a network that cannot be denied by this Node is an error that says so', () => {
  expect(problems(CAGED, {}, false)).toMatch(
    /^permissions\.net: 'permissions\.net: false' needs a Node that can deny network access.*this is v\d+/,
  )
})

test('several problems are told at once', () => {
  const text = problems(
    { replicas: 2, permissions: CAGED.permissions },
    { name: 'other', seats: ['settings', 'throne'] },
  )
  for (const part of [
    /named 'hello' by its file but 'other'/,
    /^replicas: 'replicas: 2' needs/m,
    /^permissions: worker 'hello': permissions need 'isolation: process', got 'thread'/m,
    /seat 'settings', which only built-in/,
    /seat 'throne', which does not exist/,
  ])
    expect(text).toMatch(part)
})

test('the entry decides on the isolation, then the plugin, then it is a thread', () => {
  expect(isolationOf(entry({ isolation: 'process' }), { ...DECLARATION, isolation: 'shared' })).toBe('process')
  expect(isolationOf(entry({}), { ...DECLARATION, isolation: 'shared' })).toBe('shared')
  expect(isolationOf(entry({}), DECLARATION)).toBe('thread')
})
