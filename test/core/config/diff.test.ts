import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diffEntries, type EntryDiff } from '../../../core/config/diff.ts'
import type { WorkerEntry } from '../../../core/config/types.ts'
import { entry, loadText } from './load-text.ts'

const diff = (running: string, wanted: string): EntryDiff =>
  diffEntries(loadText(running).entries, loadText(wanted).entries)
const listener = (config: string): string => `{name: iii-worker-manager, config: ${config}}`

function counts({ unchanged, changed, removed, added }: EntryDiff): Record<string, number> {
  return { unchanged: unchanged.length, changed: changed.length, removed: removed.length, added: added.length }
}

describe('diffEntries', () => {
  test('comments, white space, order of keys and entries, spelling and the line change nothing', () => {
    const running = 'workers:\n  - name: iii-state\n    config: { a: 1, b: { c: 2, d: 3 } }\n  - name: x\n'
    const wanted =
      '# new\n\nworkers:\n  - name: x # here\n\nmodules:\n  - config:\n      b: { d: 3, c: 2 }\n      a: 1\n    class: modules::state::StateModule\n'
    expect(counts(diff(running, wanted))).toEqual({ unchanged: 4, changed: 0, removed: 0, added: 0 })
  })

  test('tells what is new, gone and different', () => {
    const result = diff(
      'workers: [{name: a}, {name: b}, {name: c, config: {x: 1}}]',
      'workers: [{name: c, config: {x: 2}}, {name: d}, {name: a}]',
    )
    expect(result.changed.map(({ from, to }) => [from.config, to.config])).toEqual([[{ x: 1 }, { x: 2 }]])
    expect(result.removed.map(({ name }) => name)).toEqual(['b'])
    expect(result.added.map(({ name }) => name)).toEqual(['d'])
    expect(result.unchanged.map(({ to }) => to.name)).toEqual(['a', 'iii-worker-manager', 'iii-engine-functions'])
  })

  test.each<Partial<WorkerEntry>>([
    { config: { a: 1 } },
    { isolation: 'process' },
    { replicas: 2 },
    { memoryMb: 1 },
    { maxInFlight: 1 },
    { allow: [] },
    { permissions: { fs_read: [], fs_write: [], net: false, child_process: false } },
    { enabled: false },
    { workerPath: './x' },
  ])('%o is a change', (change) => {
    expect(counts(diffEntries([entry('x')], [entry('x', change)]))).toEqual({
      unchanged: 0,
      changed: 1,
      removed: 0,
      added: 0,
    })
  })

  test.each<Partial<WorkerEntry>>([{ origin: 'elsewhere:9' }, { writtenName: 'y' }, { instanceId: 'x#1' }])(
    '%o is none',
    (change) => {
      expect(counts(diffEntries([entry('x')], [entry('x', change)]))).toEqual({
        unchanged: 1,
        changed: 0,
        removed: 0,
        added: 0,
      })
    },
  )

  test('removing the first of two listeners leaves the second alone, which takes its id', () => {
    const result = diff(
      `workers: [${listener('{port: 1}')}, ${listener('{port: 2}')}]`,
      `workers: [${listener('{port: 2}')}]`,
    )
    expect(counts(result)).toEqual({ unchanged: 2, changed: 0, removed: 1, added: 0 })
    expect(result.unchanged[0]).toMatchObject({
      from: { instanceId: 'iii-worker-manager#1' },
      to: { instanceId: 'iii-worker-manager' },
    })
  })

  test('a listener that changes is matched by its port', () => {
    const running = `workers: [${listener('{port: 1}')}, ${listener('{port: 2}')}]`
    const result = diff(running, `workers: [${listener('{port: 2, max_depth: 9}')}, ${listener('{port: 3}')}]`)
    expect(result.changed.map(({ from, to }) => [from.config['port'], to.config['port']])).toEqual([
      [2, 2],
      [1, 3],
    ])
  })

  test('equal configuration is preferred to the port', () => {
    const a = entry('iii-bridge', { config: { port: 1, x: 1 } })
    const b = entry('iii-bridge', { config: { port: 1, x: 2 } })
    expect(counts(diffEntries([a, b], [b, a]))).toEqual({ unchanged: 2, changed: 0, removed: 0, added: 0 })
  })

  test('a default that is spelled out, or a listener that is added by itself, restarts nothing', () => {
    expect(counts(diff('', `workers: [${listener('{port: 49134, host: 127.0.0.1}')}]`))).toEqual({
      unchanged: 2,
      changed: 0,
      removed: 0,
      added: 0,
    })
  })

  test('leaving out a mandatory worker is a change to its defaults, not a removal', () => {
    const result = diff(`workers: [${listener('{port: 7}')}]`, 'workers: []')
    expect(counts(result)).toEqual({ unchanged: 1, changed: 1, removed: 0, added: 0 })
  })

  test('every entry is in exactly one list, and entries against themselves are all unchanged', () => {
    const entries = fc.array(
      fc
        .record({
          name: fc.constantFrom('a', 'b', 'iii-worker-manager'),
          port: fc.integer({ min: 1, max: 3 }),
          enabled: fc.boolean(),
        })
        .map(({ name, port, enabled }) => entry(name, { config: { port }, enabled })),
      { maxLength: 7 },
    )
    fc.assert(
      fc.property(entries, entries, (running, wanted) => {
        const { unchanged, changed, removed, added } = diffEntries(running, wanted)
        const pairs = [...unchanged, ...changed]
        expect(new Set([...pairs.map(({ from }) => from), ...removed])).toEqual(new Set(running))
        expect(new Set([...pairs.map(({ to }) => to), ...added])).toEqual(new Set(wanted))
        expect(pairs.length + removed.length).toBe(running.length)
        expect(pairs.length + added.length).toBe(wanted.length)
        expect(pairs.every(({ from, to }) => from.name === to.name)).toBe(true)
        expect(diffEntries(running, running.toReversed()).unchanged).toHaveLength(running.length)
      }),
    )
  })
})
