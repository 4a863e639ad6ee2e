// kill -9 in the middle of the writing: nothing acknowledged is missing, and nobody was told of what the store then lost.
import { expect, test } from 'vitest'
import { KvFile } from '../../../plugins/stream/adapters/kv-file.ts'
import { readPosition } from '../../../plugins/stream/event.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { writeUntilKilled } from '../../support/killed-writer.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const WRITER = new URL('crash-writer.ts', import.meta.url)

test('three times kill -9: values, positions and history are those that were told', async () => {
  const folder = tempFolder()
  let firstValue = 1
  let epoch: string | undefined
  let timestamp = 0
  let newest = 0
  for (const lines of [1_500, 4_000, 30_000]) {
    /** The last acknowledged value of each item. */
    const acknowledged = new Map<string, number>()
    /** Every frame that the subscriber was told, in order. */
    const told: string[] = []
    await writeUntilKilled(WRITER, [folder, `${firstValue}`], lines, (line) => {
      const [, item, value] = line.split(' ')
      if (line.startsWith('told ')) told.push(line.slice(5))
      else acknowledged.set(item!, Number(value))
    })
    const frames = told.map((frame) => JSON.parse(frame) as { position: string; timestamp: number })
    const positions = frames.map(({ position }) => readPosition(position)!)
    epoch ??= positions[0]!.epoch
    expect(positions).toEqual(positions.map((_, i) => ({ epoch, offset: newest + 1 + i })))
    // Later than everything before the crash, however the clock stands.
    expect(frames[0]!.timestamp).toBeGreaterThan(timestamp)

    const store = new KvFile({ folder, history: { maxEvents: 5_000, maxBytes: 1_000_000 }, log: collectingLog() })
    for (const [item, value] of acknowledged) {
      const text = await store.get({ stream: 's', group: 'g', item })
      const found = (JSON.parse(text!) as { value: number }).value
      // One more write may be on the disk than was acknowledged.
      expect([value, value + 1]).toContain(found)
      firstValue = Math.max(firstValue, found + 1)
    }
    const from = Math.max(0, positions.length - 1_000)
    const missed = await store.feed.missedSince(positions[from]!, 's', 'g', null)
    if (!missed.recovered) return expect.unreachable('the history is not there')
    const wanted = told.slice(from + 1)
    expect(missed.events.slice(0, wanted.length).map(({ frame }) => frame.toString())).toEqual(wanted)
    // What was committed and not told any more follows, without a gap.
    newest = missed.position.offset
    expect(missed.events.length).toBe(newest - positions[from]!.offset)
    timestamp = missed.events.at(-1)?.timestamp ?? 0
    await store.close()
  }
}, 60_000)
