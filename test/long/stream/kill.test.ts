// SIGKILL of the engine under a load of stream and state writes: what was acknowledged is there afterwards, subscribers come back
// and miss nothing, and nobody ever saw a value that the store then lost (spec 02; design, "Data that lasts").
import { expect, it, onTestFinished } from 'vitest'
import { LoadClient } from '../../support/load-client.ts'
import type { StreamFrame } from '../../support/stream-frame.ts'
import { StreamSubscriber } from '../../support/stream-subscriber.ts'
import { within } from '../../support/deadline.ts'
import { report } from '../network/engine-under-test.ts'
import { checkStored, errorOf, NumberedKey } from '../state/numbered-keys.ts'
import { streamEngine } from './stream-engine.ts'

const KILLS = 20
const GROUPS = 4
const ITEMS_PER_GROUP = 6
const STATE_KEYS = 6
/** The engine is killed after this many acknowledged writes and up to twice as many, another number each time. */
const LEAST_WRITES = 250
const CONNECTION_LOST = 'CONNECTION_LOST: the connection ended'

/** An item whose values count 1, 2, 3, …: each write is made of the one before. */
class CountedItem {
  readonly address: { readonly stream_name: string; readonly group_id: string; readonly item_id: string }
  acknowledged = 0
  attempted = 0
  /** What the subscriber of the group has seen, in order. */
  readonly seen: number[] = []

  constructor(group: number, item: number) {
    this.address = { stream_name: 'counted', group_id: `g${group}`, item_id: `i${item}` }
  }
}

interface Run {
  down: boolean
  readonly onWritten: () => void
  readonly failures: string[]
}

it(`${KILLS} times: no acknowledged write is missing, subscribers resume and see every value once, none of them lost`, async () => {
  const { folder, start } = await streamEngine()
  const items = Array.from({ length: GROUPS * ITEMS_PER_GROUP }, (_, n) => new CountedItem(n % GROUPS, n))
  const byName = new Map(items.map((item) => [item.address.item_id, item]))
  const keys = Array.from({ length: STATE_KEYS }, (_, n) => new NumberedKey(`k${n}`, n % 2 === 0 ? 'set' : 'update'))
  const failures: string[] = []
  let writes = 0
  let engine = await start()
  const onEvent = ({ id, event }: StreamFrame): void => void byName.get(id ?? '')?.seen.push(event.data.n)
  const subscribers = Array.from(
    { length: GROUPS },
    (_, group) => new StreamSubscriber(`${folder.streamUrl}/stream/counted/g${group}`, { onEvent }),
  )
  onTestFinished(() => subscribers.forEach((subscriber) => subscriber.close()))
  await Promise.all(subscribers.map((subscriber) => subscriber.joined()))

  for (let kill = 0; kill < KILLS; kill++) {
    const client = await LoadClient.connect(folder.url, `writer-${kill}`)
    const wanted = writes + LEAST_WRITES + ((kill * 137) % LEAST_WRITES)
    const enough = Promise.withResolvers<void>()
    const run: Run = { down: false, failures, onWritten: () => void (++writes >= wanted && enough.resolve()) }
    const loops = [
      ...items.map((item) => writeItem(client, item, run)),
      ...keys.map((key) => writeKey(client, key, run)),
    ]
    await within(30_000, 'the writes before the kill', enough.promise)
    run.down = true
    await engine.kill()
    await within(10_000, 'the end of all calls', Promise.all(loops))
    await client.close()
    engine = await start()
    await expectKept(folder.url, items, keys)
    await Promise.all(
      subscribers.map((subscriber) =>
        subscriber.until(
          () => subscriber.resumes.length + subscriber.syncs.length > kill + 1,
          `subscribers that are back after kill ${kill}`,
        ),
      ),
    )
  }
  // Everything that is stored has been told by now, or is on its way: wait for the last value of each item.
  for (const [index, subscriber] of subscribers.entries()) {
    const own = items.filter((_, n) => n % GROUPS === index)
    await subscriber.until(() => own.every((item) => item.seen.at(-1) === item.acknowledged), `all of group ${index}`)
  }
  for (const { address, seen, acknowledged } of items) {
    const expected = Array.from({ length: acknowledged }, (_, n) => n + 1)
    expect(seen, `what the subscriber of ${address.group_id}/${address.item_id} saw`).toEqual(expected)
  }
  for (const subscriber of subscribers) expect(subscriber.resumes).toEqual(Array.from({ length: KILLS }, () => true))
  expect(failures).toEqual([])
  report(`${KILLS} kills: ${writes} acknowledged writes held, ${GROUPS} subscribers resumed each time`)
  expect(await engine.stop()).toBe(0)
}, 240_000)

async function writeItem(client: LoadClient, item: CountedItem, run: Run): Promise<void> {
  while (!run.down) {
    const n = ++item.attempted
    const json = JSON.stringify({ ...item.address, data: { n, text: `${item.address.item_id}/${n}`.repeat(20) } })
    const error = await answered(client, 'stream::set', json)
    if (error === CONNECTION_LOST) return
    if (error === undefined) item.acknowledged = n
    else run.failures.push(error)
    run.onWritten()
  }
}

async function writeKey(client: LoadClient, key: NumberedKey, run: Run): Promise<void> {
  while (!run.down) {
    const { functionId, json, n } = key.nextWrite()
    const error = await answered(client, functionId, json)
    if (error === CONNECTION_LOST) return
    if (error === undefined) key.acknowledged = n
    else run.failures.push(error)
    run.onWritten()
  }
}

function answered(client: LoadClient, functionId: string, json: string): Promise<string | undefined> {
  return new Promise((resolve) => client.request(functionId, json, (answer) => resolve(errorOf(answer))))
}

/** What was acknowledged, and what a subscriber has seen, is stored; counting goes on from what is there. */
async function expectKept(url: string, items: readonly CountedItem[], keys: readonly NumberedKey[]): Promise<void> {
  const client = await LoadClient.connect(url, 'checker')
  const broken: string[] = []
  for (const item of items) {
    const value = (await client.result('stream::get', item.address)) as { n: number } | undefined
    const stored = value?.n ?? 0
    const name = `${item.address.group_id}/${item.address.item_id}`
    if (stored < item.acknowledged) broken.push(`${name}: ${item.acknowledged} was acknowledged, ${stored} is there`)
    if (stored < (item.seen.at(-1) ?? 0)) broken.push(`${name}: ${item.seen.at(-1)} was seen, ${stored} is there`)
    if (stored > item.attempted) broken.push(`${name}: ${stored} is there, ${item.attempted} was the last sent`)
    item.attempted = item.acknowledged = stored
  }
  expect([...broken, ...(await checkStored(client, keys))]).toEqual([])
  await client.close()
}
