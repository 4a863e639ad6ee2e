// Calls of every kind through our SDK, from one connection to another, and what of the heap is in use after so many of them. Each number on
// a line of stdin is how many calls are to have been made by then; the answer is a line `CALLS {heap, outside}`.
import { createInterface } from 'node:readline'
import { setTimeout as elapse } from 'node:timers/promises'
import { bytesInUse } from '../bytes-in-use.ts'
import { registerWorker, TriggerAction } from '../../../../sdk.ts'

const [url = ''] = process.argv.slice(2)
const worker = registerWorker(url, { workerName: 'many-callee' })
const caller = registerWorker(url, { workerName: 'many-caller' })
/** Started with --expose-gc. */
const collect = globalThis.gc as () => void
/** Rounds at a time. */
const LANES = 8

worker.registerFunction('many::echo', (input: unknown) => input)
worker.registerFunction('many::throw', () => {
  throw new Error('as always')
})
worker.registerFunction('many::late', async () => {
  await elapse(5)
  return 'nobody waits any more'
})
worker.registerFunction('many::write', async ({ writer }: any) => {
  writer.stream.end('a few bytes')
})

let made = 0
const call = (function_id: string, payload: unknown = {}, more: object = {}): Promise<unknown> => {
  made++
  return caller.trigger({ function_id, payload, timeoutMs: 30_000, ...more } as never)
}
const fails = (failing: Promise<unknown>): Promise<unknown> =>
  failing.then(
    () => Promise.reject(new Error('the call should have failed')),
    () => undefined,
  )

/** A hundred calls, and a function, a trigger and a channel that come and go. */
async function round(number: number): Promise<void> {
  const some = (count: number, make: (index: number) => Promise<unknown>): Promise<unknown>[] =>
    Array.from({ length: count }, (_, index) => make(index))
  const fleeting = caller.registerFunction(`many::fleeting-${number}`, () => number)
  const trigger = caller.registerTrigger({ type: 'many-type', function_id: `many::fleeting-${number}`, config: {} })
  const channel = await caller.createChannel()
  const chunks: unknown[] = []
  channel.reader.stream.on('data', (chunk) => chunks.push(chunk))
  const read = new Promise((resolve) => channel.reader.stream.once('end', resolve))
  await Promise.all([
    ...some(70, (index) => call('many::echo', { number, index, text: 'x'.repeat(index) })),
    ...some(10, () => fails(call('many::throw'))),
    ...some(10, () => call('many::echo', {}, { action: TriggerAction.Void() })),
    ...some(5, () => fails(call('many::nobody'))),
    ...some(4, () => fails(call('many::late', {}, { timeoutMs: 1 }))),
    call('many::write', { writer: channel.writerRef }),
    read,
  ])
  if (chunks.length === 0) throw new Error('nothing came through the channel')
  trigger.unregister()
  fleeting.unregister()
}

async function until(calls: number): Promise<void> {
  let number = made / 100
  const lane = async (): Promise<void> => {
    if (made >= calls) return
    await round(number++)
    return lane()
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

await caller.trigger({ function_id: 'engine::workers::list', payload: {} })
await worker.trigger({ function_id: 'engine::workers::list', payload: {} })
process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  await until(Number(line))
  process.stdout.write(`${made} ${JSON.stringify(await bytesInUse(collect))}\n`)
}
