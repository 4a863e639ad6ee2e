// SIGKILL of the engine at any moment while messages are published: every message that was acknowledged reaches each function that was subscribed, also one
// whose worker was away all the time.
import { expect, it, onTestFinished } from 'vitest'
import { within } from '../../support/deadline.ts'
import { engineFolder } from '../../support/engine-process.ts'
import { LoadClient } from '../../support/load-client.ts'
import { report } from '../network/engine-under-test.ts'

const KILLS = 15
const PUBLISHERS = 8
const LEAST_MESSAGES = 40
const FUNCTIONS = ['projection::one', 'projection::other']
/** Published to learn that a subscription is there. */
const GREETING = -1
const AWAY = 'projection::away'

class Ledger {
  readonly acknowledged = new Set<number>()
  readonly handled = new Map<string, Set<number>>([...FUNCTIONS, AWAY].map((id) => [id, new Set()]))
  deliveries = 0
  next = 0
  #waiting: (() => void)[] = []

  acknowledge(number: number): void {
    this.acknowledged.add(number)
    this.#changed()
  }

  handle(functionId: string, number: number): null {
    if (number === GREETING) return null
    this.handled.get(functionId)!.add(number)
    this.deliveries++
    this.#changed()
    return null
  }

  missing(functionId: string): number[] {
    return [...this.acknowledged].filter((number) => !this.handled.get(functionId)!.has(number))
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    const wait = async (): Promise<void> => {
      while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    await within(60_000, what, wait())
  }

  #changed(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

it(`${KILLS} kills lose no acknowledged message of a topic, for any of its subscriptions`, async () => {
  const folder = await engineFolder('  - name: iii-queue\n')
  onTestFinished(() => folder.remove())
  const ledger = new Ledger()
  let engine = await folder.start({ args: ['--no-watch'] })
  const away = await subscriber(folder.url, AWAY, ledger, 0)
  await away.close()
  for (let kill = 0; kill < KILLS; kill++) {
    const workers = await Promise.all(FUNCTIONS.map((id) => subscriber(folder.url, id, ledger)))
    const publisher = await LoadClient.connect(folder.url, 'publisher')
    const publishing = publish(publisher, ledger)
    const goal = ledger.acknowledged.size + LEAST_MESSAGES + ((kill * 37) % LEAST_MESSAGES)
    await ledger.until(() => ledger.acknowledged.size >= goal, 'messages before the kill')
    await engine.kill()
    await within(10_000, 'the end of all calls', publishing)
    await Promise.all([publisher, ...workers].map((client) => client.close()))
    engine = await folder.start({ args: ['--no-watch'] })
  }
  const workers = await Promise.all([...FUNCTIONS, AWAY].map((id) => subscriber(folder.url, id, ledger)))
  for (const id of [...FUNCTIONS, AWAY])
    await ledger.until(() => ledger.missing(id).length === 0, `every acknowledged message at ${id}`)
  await Promise.all(workers.map((client) => client.close()))
  expect(await engine.stop()).toBe(0)
  const different = [...ledger.handled.values()].reduce((sum, { size }) => sum + size, 0)
  const repeated = ledger.deliveries - different
  report(`${KILLS} kills: ${ledger.acknowledged.size} messages for 3 functions, ${repeated} deliveries were repeated`)
  // At most what is being delivered when the engine dies comes again: 10 at a time for each function.
  expect(repeated).toBeLessThanOrEqual(KILLS * FUNCTIONS.length * 10)
}, 120_000)

/** A worker with one function, whose subscription is there when this resolves. */
async function subscriber(url: string, id: string, ledger: Ledger, concurrency = 10): Promise<LoadClient> {
  const client = await LoadClient.connect(url, id)
  await client.register(id, ({ number }: { number: number }) => ledger.handle(id, number))
  const config = { topic: 'orders', queue_config: { concurrency, maxRetries: 100, backoffDelayMs: 1 } }
  client.send({
    type: 'registertrigger',
    id: `${id} subscribes`,
    trigger_type: 'durable:subscriber',
    function_id: id,
    config,
  })
  // Published later than the registration: when this is stored, that counts.
  await client.result('iii::durable::publish', { topic: 'orders', data: { number: GREETING } })
  return client
}

/** Resolves when the connection has ended. */
async function publish(client: LoadClient, ledger: Ledger): Promise<void> {
  const state = { down: false }
  const send = (): Promise<void> =>
    new Promise((resolve) => {
      const number = ledger.next++
      const input = { topic: 'orders', data: { number } }
      client.request('iii::durable::publish', JSON.stringify(input), ({ error }) => {
        if (error === undefined) ledger.acknowledge(number)
        else state.down = true
        resolve()
      })
    })
  const loop = async (): Promise<void> => {
    while (!state.down) await send()
  }
  await Promise.all(Array.from({ length: PUBLISHERS }, loop))
}
