// A process that writes to a store until it is killed, and reports each write after it was acknowledged.
// Not a test: `sqlite-store-crash.test.ts` starts and kills it. Its output is one line per acknowledged write: slot, value.
import { writeSync } from 'node:fs'
import { OrderedTable, ORDERED_TABLE_SCHEMA } from '../../../kit/sqlite/ordered-table.ts'
import { SqliteStore } from '../../../kit/sqlite/sqlite-store.ts'

const [folder, firstValue] = process.argv.slice(2)
const SLOTS = 64
const FILLER = 'x'.repeat(100)

const store = new SqliteStore({
  folder: folder!,
  name: 'crash.db',
  setting: 'the argument',
  schema: ORDERED_TABLE_SCHEMA,
  version: 1,
  onError: (message, error) => console.error(message, error),
})
const table = new OrderedTable(store)

/** Each slot writes the next value as soon as the last one was acknowledged; two keys in one operation show torn writes. */
async function writeSlot(slot: number): Promise<never> {
  for (let value = Number(firstValue); ; value++) {
    const text = JSON.stringify({ value, filler: FILLER })
    await store.run(
      () => {
        table.edit('first', `slot-${slot}`, () => text)
        table.edit('second', `slot-${slot}`, () => text)
      },
      { atomic: true, bytes: 2 * text.length },
    )
    // Synchronous: what is reported has left this process when it dies.
    writeSync(1, `${slot} ${value}\n`)
  }
}

for (let slot = 0; slot < SLOTS; slot++) void writeSlot(slot)
