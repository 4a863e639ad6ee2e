// Writes to a store of streams until it is killed, and prints a line for each thing that somebody else may rely on by then:
// `ack ITEM VALUE` for an answered write, `told FRAME` for an event that a subscriber was told of.
import { writeSync } from 'node:fs'
import { KvFile } from '../../../plugins/stream/adapters/kv-file.ts'

const [folder = '', firstValue = '1'] = process.argv.slice(2)
const store = new KvFile({
  folder,
  history: { maxEvents: 5_000, maxBytes: 1_000_000 },
  log: { error: (message) => writeSync(2, `${message}\n`), warn: (message) => writeSync(2, `${message}\n`) },
})
store.feed.listen({
  event: ({ frame }) => void writeSync(1, `told ${frame.toString()}\n`),
  lost: () => void writeSync(2, 'lost\n'),
})

async function writeItem(item: string): Promise<never> {
  for (let value = Number(firstValue); ; value++) {
    const text = JSON.stringify({ value, padding: 'x'.repeat(value % 300) })
    await store.set({ stream: 's', group: 'g', item }, text, () => {})
    writeSync(1, `ack ${item} ${value}\n`)
    if (value % 10 === 0) await store.emit('s', 'g', null, `{"type":"event","event":{"n":${value}}}`, () => {})
  }
}

await Promise.all(Array.from({ length: 32 }, (_, index) => writeItem(`item-${index}`)))
