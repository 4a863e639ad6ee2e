import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { OrderedTable, ORDERED_TABLE_SCHEMA } from '../../kit/sqlite/ordered-table.ts'
import { SqliteStore } from '../../kit/sqlite-store.ts'
import { within } from '../support/deadline.ts'
import { tempFolder } from '../support/temp-folder.ts'

const WRITER = new URL('crash-writer.ts', import.meta.url).pathname

/** Starts the writer, kills it after that many acknowledged writes, and returns the last acknowledged value of each slot. */
async function writeUntilKilled(folder: string, firstValue: number, writes: number): Promise<Map<string, number>> {
  const writer = spawn(process.execPath, [WRITER, folder, `${firstValue}`], { stdio: ['ignore', 'pipe', 'pipe'] })
  const acknowledged = new Map<string, number>()
  let lines = 0
  let rest = ''
  let errors = ''
  writer.stderr.on('data', (chunk) => (errors += chunk))
  writer.stdout.on('data', (chunk) => {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop()!
    for (const line of parts) {
      const [slot, value] = line.split(' ')
      acknowledged.set(slot!, Number(value))
      if (++lines === writes) writer.kill('SIGKILL')
    }
  })
  // `close` comes after the output has been read to its end.
  const [code, signal] = await within(15_000, 'the end of the writer', once(writer, 'close'))
  expect({ code, signal, errors }).toEqual({ code: null, signal: 'SIGKILL', errors: '' })
  return acknowledged
}

test('three times kill -9: no acknowledged write is missing, none is torn', async () => {
  const folder = tempFolder()
  let firstValue = 1
  let order: string[] | undefined
  for (const writes of [1_000, 3_333, 8_000]) {
    const acknowledged = await writeUntilKilled(folder, firstValue, writes)
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
