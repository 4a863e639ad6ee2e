// What the configuration worker holds at most.
import { expect, test } from 'vitest'
import type { ConfigurationStore } from '../../../plugins/configuration/adapters/store.ts'
import { EntryChanges } from '../../../plugins/configuration/entry-changes.ts'
import { EntryTable } from '../../../plugins/configuration/entry-table.ts'
import { IdQueues } from '../../../plugins/configuration/id-queues.ts'
import { Persistence } from '../../../plugins/configuration/persistence.ts'
import { PluginSettings } from '../../../plugins/configuration/plugin-settings.ts'
import { Values } from '../../../plugins/configuration/values.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { storedEntry } from './adapter-cases.ts'

const nowhere: ConfigurationStore = {
  keepsSeeds: true,
  load: async () => [],
  save: async () => {},
  delete: async () => true,
  close: async () => {},
}

function changesOf(maxEntries: number) {
  const log = collectingLog()
  const table = new EntryTable()
  const queues = new IdQueues()
  const values = new Values({ env: {}, engineVersion: '' })
  const persistence = new Persistence(nowhere, table, log)
  const schemas = { keep: () => {}, drop: () => {} }
  const shared = { table, values, queues, persistence, log, emit: () => {} }
  const plugins = new PluginSettings({
    ...shared,
    apply: async () => {},
    stripsSeeded: () => false,
    strip: async () => {},
  })
  return { changes: new EntryChanges({ ...shared, plugins, schemas, maxEntries }), queues, log, table }
}

const registration = (id: string) => ({
  id,
  name: id,
  description: '',
  schema: true,
  initialValue: undefined,
  metadata: undefined,
})

test('Entries beyond the limit are refused, by whichever way they come', async () => {
  const { changes, queues, log, table } = changesOf(1)
  await changes.register(registration('one'))
  await expect(changes.register(registration('two'))).rejects.toMatchObject({
    code: 'overloaded',
    message: 'there are 1 configuration entries already; delete some that nobody needs',
  })
  changes.changed(storedEntry('three', 1))
  await queues.idle(1_000)
  expect(log.lines.map(({ message }) => message)).toEqual([
    expect.stringContaining('there are 1 configuration entries'),
  ])
  await changes.register(registration('one'))
  expect(table.size).toBe(1)
})

test('Changes of one entry that wait are limited, those of another are not concerned', async () => {
  const queues = new IdQueues(2)
  const gate = Promise.withResolvers<number>()
  const waiting = [queues.run('a', () => gate.promise), queues.run('a', async () => 2)]
  await expect(queues.run('a', async () => 3)).rejects.toMatchObject({ code: 'overloaded' })
  expect(await queues.run('b', async () => 4)).toBe(4)
  await queues.idle(1)
  gate.resolve(1)
  await queues.idle(1_000)
  expect(await Promise.all(waiting)).toEqual([1, 2])
  expect(await queues.run('a', async () => 5)).toBe(5)
})

test('A change that fails does not hold up the next one', async () => {
  const queues = new IdQueues()
  const failing = queues.run('a', () => Promise.reject(new Error('no')))
  const next = queues.run('a', async () => 1)
  await expect(failing).rejects.toThrow('no')
  expect(await next).toBe(1)
})
