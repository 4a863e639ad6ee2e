// Fills and empties a store that gives its room back, and copies it, until it is killed. Prints `ack SLOT VALUE` for an answered write,
// `gone SLOT` for an answered removal, and `copied FILE` when a copy is whole.
import { statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { OrderedTable, ORDERED_TABLE_SCHEMA } from '../../../kit/sqlite/ordered-table.ts'
import { SqliteStore } from '../../../kit/sqlite/sqlite-store.ts'

const [folder = '', firstValue = '1'] = process.argv.slice(2)
const store = new SqliteStore({
  folder,
  name: 'shrink.db',
  setting: 'test',
  schema: ORDERED_TABLE_SCHEMA,
  version: 1,
  shrink: { stepPages: 16, pauseMs: 1, keepPages: 8, keepShare: 0, lookAfterMs: 1 },
  onError: (message, error) => writeSync(2, `${message} ${String(error)}\n`),
})
const table = new OrderedTable(store)
const print = (line: string): void => void writeSync(1, `${line}\n`)

async function fillAndEmpty(): Promise<never> {
  for (let value = Number(firstValue); ; value++) {
    const slots = Array.from({ length: 40 }, (_, index) => index)
    const text = JSON.stringify({ value, padding: 'x'.repeat(8_000) })
    await Promise.all(
      slots.map((slot) =>
        store.run(() => table.edit('s', `${slot}`, () => text)).then(() => print(`ack ${slot} ${value}`)),
      ),
    )
    await Promise.all(
      slots
        .filter((slot) => slot % 10 > 0)
        .map((slot) => store.run(() => table.delete('s', `${slot}`)).then(() => print(`gone ${slot}`))),
    )
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function copy(): Promise<never> {
  for (let number = Number(firstValue); ; number++) {
    const file = join(folder, `copy-${number}.db`)
    await store.backup(file)
    print(`copied ${file} ${statSync(file).size}`)
    // Room is given back between the copies only.
    await new Promise((resolve) => setTimeout(resolve, 60))
  }
}

await Promise.all([fillAndEmpty(), copy()])
