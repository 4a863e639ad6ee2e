import { expect, test } from 'vitest'
import { OrderedTable, ORDERED_TABLE_SCHEMA } from '../../../kit/sqlite/ordered-table.ts'
import { SqliteStore } from '../../../kit/sqlite/sqlite-store.ts'
import { writeUntilKilled } from '../../support/killed-writer.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const WRITER = new URL('crash-writer.ts', import.meta.url)

test('three times kill -9: no acknowledged write is missing, none is torn', async () => {
  const folder = tempFolder()
  let firstValue = 1
  let order: string[] | undefined
  for (const writes of [1_000, 3_333, 8_000]) {
    /** The last acknowledged value of each slot. */
    const acknowledged = new Map<string, number>()
    await writeUntilKilled(WRITER, [folder, `${firstValue}`], writes, (line) => {
      const [slot, value] = line.split(' ')
      acknowledged.set(slot!, Number(value))
    })
    expect(acknowledged.size).toBe(64)
    const store = new SqliteStore({
      folder,
      name: 'crash.db',
      setting: 'test',
      schema: ORDERED_TABLE_SCHEMA,
      version: 1,
      onError: (message) => expect.unreachable(message),
    })
    const table = new OrderedTable(store)
    for (const [slot, value] of acknowledged) {
      const first = table.get('first', `slot-${slot}`)
      expect(table.get('second', `slot-${slot}`)).toBe(first)
      // One more write may be on the disk than was acknowledged.
      const found = (JSON.parse(first!) as { value: number }).value
      expect([value, value + 1]).toContain(found)
      firstValue = Math.max(firstValue, found + 1)
    }
    const keys = store.database
      .prepare("SELECT key FROM entry WHERE scope = 'first' ORDER BY seq")
      .all()
      .map(({ key }) => String(key))
    expect(keys).toEqual(order ?? keys)
    order = keys
    store.close()
  }
})
