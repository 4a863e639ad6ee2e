// SIGKILL of the engine under load: what was acknowledged or read is there afterwards, whole (spec 02; design, "Data that lasts").
import { expect, it } from 'vitest'
import { LoadClient } from '../../support/load-client.ts'
import { within } from '../../support/deadline.ts'
import { report } from '../network/engine-under-test.ts'
import { checkStored, errorOf, NumberedKey, numberOf } from './numbered-keys.ts'
import { stateEngine } from './state-engine.ts'

const KILLS = 20
const KEYS = 24
/** Writers, each with keys of its own, and readers of all keys. */
const WRITERS = 3
const READERS = 2
const WRITES_IN_FLIGHT = 24
const READS_IN_FLIGHT = 8
/** The engine is killed after this many acknowledged writes and up to twice as many, another number each time. */
const LEAST_WRITES = 300
const CONNECTION_LOST = 'CONNECTION_LOST: the connection ended'

interface Tally {
  writes: number
  reads: number
  failures: string[]
}

it(`${KILLS} times, no acknowledged write is missing, none is torn, no value once read is gone`, async () => {
  const { folder, start } = await stateEngine()
  const keys = Array.from(
    { length: KEYS },
    (_, index) => new NumberedKey(`k${index}`, index % 2 === 0 ? 'set' : 'update'),
  )
  const tally: Tally = { writes: 0, reads: 0, failures: [] }
  let inFlight = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const engine = await start()
    await expectKept(folder.url, keys)
    const clients = await Promise.all(
      Array.from({ length: WRITERS + READERS }, (_, index) => LoadClient.connect(folder.url, `client-${index}`)),
    )
    const enough = reaches(tally, tally.writes + LEAST_WRITES + ((kill * 137) % LEAST_WRITES))
    const run = { down: false, onWritten: enough.check, tally }
    const loops = clients.flatMap((client, index) =>
      index < WRITERS
        ? Array.from({ length: WRITES_IN_FLIGHT }, (_, lane) => write(client, ownKeys(keys, index), lane, run))
        : Array.from({ length: READS_IN_FLIGHT }, (_, lane) => read(client, keys, lane, run)),
    )
    await within(30_000, 'the writes before the kill', enough.promise)
    run.down = true
    inFlight += clients.reduce((sum, { unanswered }) => sum + unanswered, 0)
    await engine.kill()
    await within(10_000, 'the end of all calls', Promise.all(loops))
    await Promise.all(clients.map((client) => client.close()))
  }
  const engine = await start()
  await expectKept(folder.url, keys)
  expect(await engine.stop()).toBe(0)
  expect(tally.failures).toEqual([])
  report(
    `${KILLS} kills: ${tally.writes} acknowledged writes and ${tally.reads} reads held, ${inFlight} calls in flight when the engine died`,
  )
  expect(inFlight).toBeGreaterThan(KILLS)
}, 180_000)

interface Run {
  /** The engine is being killed: calls that end now were cut off. */
  down: boolean
  readonly onWritten: () => void
  readonly tally: Tally
}

/** Several writes are under way at the same time, of one key too: those of one caller are in order. */
async function write(client: LoadClient, keys: readonly NumberedKey[], lane: number, run: Run): Promise<void> {
  for (let turn = lane; !run.down; turn++) {
    const key = keys[turn % keys.length]!
    const { functionId, json, n } = key.nextWrite()
    const error = await new Promise<string | undefined>((resolve) => {
      client.request(functionId, json, (answer) => {
        const failed = errorOf(answer)
        if (failed === undefined) key.acknowledged = Math.max(key.acknowledged, n)
        resolve(failed)
      })
    })
    if (error === CONNECTION_LOST) return
    if (error === undefined) run.tally.writes++
    else run.tally.failures.push(error)
    run.onWritten()
  }
}

async function read(client: LoadClient, keys: readonly NumberedKey[], lane: number, run: Run): Promise<void> {
  for (let turn = lane * 5; !run.down; turn++) {
    const key = keys[turn % keys.length]!
    // What was acknowledged before the read was sent must be seen by it.
    const atLeast = Math.max(key.acknowledged, key.read)
    const answer = await new Promise<{ error: string | undefined; stored: number }>((resolve) => {
      client.request('state::get', JSON.stringify(key.address), (received) => {
        const error = errorOf(received)
        const stored = error === undefined ? numberOf(key, received.result) : 0
        key.read = Math.max(key.read, stored)
        resolve({ error, stored })
      })
    })
    if (answer.error === CONNECTION_LOST) return
    if (answer.error !== undefined) run.tally.failures.push(answer.error)
    else if (answer.stored < atLeast) run.tally.failures.push(`${key.key}: read ${answer.stored} after ${atLeast}`)
    run.tally.reads++
  }
}

async function expectKept(url: string, keys: readonly NumberedKey[]): Promise<void> {
  const client = await LoadClient.connect(url, 'checker')
  expect(await checkStored(client, keys)).toEqual([])
  await client.close()
}

function ownKeys(keys: readonly NumberedKey[], writer: number): NumberedKey[] {
  return keys.filter((_, index) => index % WRITERS === writer)
}

function reaches(tally: Tally, writes: number): { promise: Promise<void>; check: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { promise, check: () => void (tally.writes >= writes && resolve()) }
}
