// SIGKILL of a process that gives room of its store back and copies it: nothing that was answered is lost, a copy is whole or not there.
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { writeUntilKilled } from '../../support/killed-writer.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { report } from '../network/engine-under-test.ts'

const WRITER = new URL('shrink-writer.ts', import.meta.url)
const KILLS = 15

it(`${KILLS} times kill -9: no answered write or removal is missing, and every copy is whole`, async () => {
  const folder = tempFolder()
  let [firstValue, copies, drafts] = [1, 0, 0]
  for (let kill = 0; kill < KILLS; kill++) {
    /** The last value that was answered for each slot, and whether its removal was answered too. */
    const answered = new Map<string, { readonly value: number; readonly gone: boolean }>()
    const made = new Set<string>()
    await writeUntilKilled(WRITER, [folder, `${firstValue}`], 700 + ((kill * 211) % 900), (line) => {
      const [what, slot = '', value] = line.split(' ')
      if (what === 'ack') answered.set(slot, { value: Number(value), gone: false })
      else if (what === 'gone') answered.set(slot, { value: answered.get(slot)!.value, gone: true })
      else if (what === 'copied') made.add(slot)
    })
    const names = readdirSync(folder)
    drafts += names.filter((name) => name.endsWith('.tmp')).length
    const found = names.filter((name) => name.startsWith('copy-')).map((name) => join(folder, name))
    for (const file of made) expect(found).toContain(file)
    for (const file of found) {
      expect([file, contentOf(file).check]).toEqual([file, 'ok'])
      rmSync(file)
      copies++
    }
    const { check, values } = contentOf(join(folder, 'shrink.db'))
    expect(check).toBe('ok')
    for (const [slot, { value, gone }] of answered) {
      // One more step may be on the disk than was answered: the removal, or the write of the next value. Every tenth slot is kept.
      const kept = Number(slot) % 10 === 0
      const allowed = gone ? [0, value + 1] : [value, kept ? value + 1 : 0]
      expect(allowed, `slot ${slot}`).toContain(values.get(slot) ?? 0)
    }
    firstValue = Math.max(...[...answered.values()].map(({ value }) => value)) + 2
  }
  report(`${KILLS} kills: ${copies} copies were whole, ${drafts} were cut short`)
  expect(copies).toBeGreaterThan(0)
}, 120_000)

function contentOf(file: string): { check: string; values: ReadonlyMap<string, number> } {
  const database = new DatabaseSync(file)
  try {
    const check = String(database.prepare('PRAGMA integrity_check').get()?.['integrity_check'])
    const rows = database.prepare('SELECT key, value FROM entry').all()
    return {
      check,
      values: new Map(
        rows.map(({ key, value }) => [String(key), (JSON.parse(String(value)) as { value: number }).value]),
      ),
    }
  } finally {
    database.close()
  }
}
