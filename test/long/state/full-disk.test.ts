// A store that reaches its size limit while it is written (design, "Data that lasts": a failed commit fails each call in it).
import { expect, it } from 'vitest'
import { LoadClient, type Answer } from '../../support/load-client.ts'
import { report } from '../network/engine-under-test.ts'
import { stateEngine } from './state-engine.ts'
import { stateEvents } from './state-events.ts'

const SCOPE = 'full'
/** Calls that arrive together: the first half is small, then comes one that does not fit any more, then small ones again. */
const BURST = 120
const MAX_BURSTS = 40
const BIG = 150_000

interface Write {
  readonly key: string
  readonly value: { readonly burst: number; readonly text: string }
  answer: Answer | undefined
}

it('a full store fails every call of the batch, fires none of its events, and works again when there is room', async () => {
  const { folder, start } = await stateEngine('adapter: { name: kv, config: { max_file_bytes: 1048576 } }')
  const engine = await start()
  const client = await LoadClient.connect(folder.url, 'writer')
  const listener = await LoadClient.connect(folder.url, 'listener')
  const events = await stateEvents(listener, SCOPE)
  const writes: Write[] = []
  let refusedSmall = 0
  let refusedReads = 0
  for (let burst = 0; burst < MAX_BURSTS && refusedSmall === 0; burst++) {
    const reads: Answer[] = []
    const answers: Promise<void>[] = []
    for (let n = 0; n < BURST; n++) {
      const big = n === BURST / 2
      const write: Write = {
        key: `b${burst}-${n}`,
        value: { burst, text: 'x'.repeat(big ? BIG : 20) },
        answer: undefined,
      }
      writes.push(write)
      answers.push(
        send(
          client,
          'state::set',
          { scope: SCOPE, key: write.key, value: write.value },
          (answer) => (write.answer = answer),
        ),
      )
      if (n % 10 === 0)
        answers.push(send(client, 'state::get', { scope: SCOPE, key: 'b0-0' }, (answer) => reads.push(answer)))
    }
    await Promise.all(answers)
    refusedSmall = writes.filter(({ answer, value }) => answer?.error && value.text.length < BIG).length
    refusedReads += reads.filter(({ error }) => error).length
  }

  // The small ones would have fitted by themselves: they failed with the transaction that they shared with the big one.
  expect(refusedSmall).toBeGreaterThan(0)
  const refused = writes.filter(({ answer }) => answer?.error)
  for (const { answer } of refused) {
    expect(answer?.error).toMatchObject({
      code: 'SET_ERROR',
      message: expect.stringMatching(/state\.db cannot grow: the disk is full, or .* nothing of this was written/),
    })
  }
  report(
    `full store: ${writes.length} writes, ${refused.length} refused, ${refusedSmall} of them small; ${refusedReads} reads failed with them`,
  )

  // A write that was refused is not there, one that was acknowledged is.
  for (const { key, value, answer } of writes.slice(-2 * BURST)) {
    expect(await client.result('state::get', { scope: SCOPE, key }), key).toEqual(answer?.error ? undefined : value)
  }

  // Room is made, and the store works again, with its events.
  const kept = writes.filter(({ answer }) => !answer?.error)
  for (const { key, value } of kept) {
    if (value.text.length === BIG) await client.result('state::delete', { scope: SCOPE, key })
  }
  expect(
    await client.result('state::set', { scope: SCOPE, key: 'after', value: { text: 'y'.repeat(BIG) } }),
  ).toMatchObject({ old_value: null })

  // Events come in the order of the writes: when the last one is there, all are.
  await expect.poll(() => events.at(-1)?.key, { timeout: 10_000 }).toBe('after')
  const created = events.filter(({ event_type }) => event_type === 'state:created').map(({ key }) => key)
  expect(created).toEqual([...kept.map(({ key }) => key), 'after'])

  await Promise.all([client.close(), listener.close()])
  expect(await engine.stop()).toBe(0)
}, 60_000)

function send(client: LoadClient, functionId: string, data: object, onAnswer: (answer: Answer) => void): Promise<void> {
  return new Promise((resolve) => {
    client.request(functionId, JSON.stringify(data), (answer) => {
      onAnswer(answer)
      resolve()
    })
  })
}
