// kill -9 in the middle of the writing: nothing acknowledged is missing, and nobody was told of what the store then lost.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { KvFile } from '../../../plugins/stream/adapters/kv-file.ts'
import { readPosition } from '../../../plugins/stream/event.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { within } from '../../support/deadline.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const WRITER = new URL('crash-writer.ts', import.meta.url).pathname

interface Seen {
  /** The last acknowledged value of each item. */
  readonly acknowledged: Map<string, number>
  /** Every frame that the subscriber was told, in order. */
  readonly told: string[]
}

async function writeUntilKilled(folder: string, firstValue: number, lines: number): Promise<Seen> {
  const writer = spawn(process.execPath, [WRITER, folder, `${firstValue}`], { stdio: ['ignore', 'pipe', 'pipe'] })
  const seen: Seen = { acknowledged: new Map(), told: [] }
  let count = 0
  let rest = ''
  let errors = ''
  writer.stderr.on('data', (chunk) => (errors += chunk))
  writer.stdout.on('data', (chunk) => {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop()!
    for (const line of parts) {
      if (line.startsWith('told ')) seen.told.push(line.slice(5))
      else {
        const [, item, value] = line.split(' ')
        seen.acknowledged.set(item!, Number(value))
      }
      if (++count === lines) writer.kill('SIGKILL')
    }
  })
  // `close` comes after the output has been read to its end.
  const [code, signal] = await within(30_000, 'the end of the writer', once(writer, 'close'))
  expect({ code, signal, errors }).toEqual({ code: null, signal: 'SIGKILL', errors: '' })
  return seen
}

test('three times kill -9: values, positions and history are those that were told', async () => {
  const folder = tempFolder()
  let firstValue = 1
  let epoch: string | undefined
  let timestamp = 0
  let newest = 0
  for (const lines of [1_500, 4_000, 30_000]) {
    const { acknowledged, told } = await writeUntilKilled(folder, firstValue, lines)
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
