// `iii-state` itself is replaced under load: its file is closed and opened again, and callers notice nothing.
import { expect, it } from 'vitest'
import { LoadClient, type Answer } from '../../support/load-client.ts'
import { report } from '../network/engine-under-test.ts'
import { expectAllAnswered } from '../plugins/owed-answers.ts'
import { SteadyLoad } from '../plugins/steady-load.ts'
import { stateEngine } from './state-engine.ts'
import { stateEvents } from './state-events.ts'

const SCOPE = 'reloaded'
const RELOADS = 40
const CALLERS = 4

it('40 reloads of iii-state fail no call, keep the order of each caller and deliver every event', async () => {
  const { folder, start } = await stateEngine()
  const engine = await start()
  const callers = await Promise.all(
    Array.from({ length: CALLERS }, (_, index) => LoadClient.connect(folder.url, `caller-${index}`)),
  )
  const listener = await LoadClient.connect(folder.url, 'listener')
  const events = await stateEvents(listener, SCOPE)
  const answers: Answer[][] = callers.map(() => [])
  const load = new SteadyLoad({
    callers,
    callsPerSecond: 2_000,
    // Each caller counts in a key of its own, by turns with set, update and get: any call lost, doubled or out of order shows.
    callOf: (caller, n) => {
      const address = { scope: SCOPE, key: `caller-${caller}` }
      const step = Math.floor(n / 3)
      if (n % 3 === 0) return call('state::set', { ...address, value: { step, at: 'set' } })
      if (n % 3 === 1) return call('state::update', { ...address, ops: [{ type: 'set', path: 'at', value: 'update' }] })
      return call('state::get', address)
    },
    onAnswer: (caller, n, answer) => (answers[caller]![n] = answer),
  })
  const observer = await LoadClient.connect(folder.url, 'observer')
  for (let reload = 0; reload < RELOADS; reload++)
    await observer.result('engine::plugins::reload', { name: 'iii-state' })
  const { calls, callsPerSecond } = await load.stop()

  for (const [caller, all] of answers.entries()) {
    expect(all).toHaveLength(load.sent[caller]!)
    const wrong = all.flatMap((answer, n) => (isExpected(answer, n) ? [] : [{ caller, n, answer }]))
    expect(wrong.slice(0, 5), `${wrong.length} answers are wrong`).toEqual([])
  }
  expect(callers.map(({ counts: { unexpected } }) => unexpected)).toEqual(callers.map(() => 0))
  const written = load.sent.reduce((sum, sent) => sum + writesAmong(sent), 0)
  await expect.poll(() => events.length, { timeout: 20_000 }).toBe(written)
  for (let caller = 0; caller < CALLERS; caller++) {
    const seen = events.filter(({ key }) => key === `caller-${caller}`).map(({ new_value }) => new_value)
    const wrong = seen.flatMap((value, w) =>
      value.step === w >> 1 && value.at === (w % 2 === 0 ? 'set' : 'update') ? [] : [{ caller, w, value }],
    )
    expect(wrong.slice(0, 5), `${wrong.length} events out of order`).toEqual([])
  }
  const info = await observer.result('engine::plugins::info', { name: 'iii-state' })
  expect(info).toMatchObject({ state: 'running', errors: 0, restarts: 0, generation: RELOADS + 1 })
  report(`iii-state: ${RELOADS} reloads, ${calls} calls at ${callsPerSecond}/s, ${written} events`)
  await Promise.all([...callers, listener, observer].map((client) => client.close()))
  expect(await engine.stop()).toBe(0)
}, 120_000)

it.each([
  ['handlers that write', false],
  ['conditions that read and handlers that write', true],
])(
  '6 reloads of iii-state under the writes of a worker with %s fail no call and lose no event',
  async (_what, asks) => {
    const { folder, start } = await stateEngine()
    const engine = await start()
    await expectAllAnswered({
      url: folder.url,
      engine,
      plugin: 'iii-state',
      triggerType: 'state',
      config: { scope: 'owed' },
      write: (loop, n) => ['state::set', { scope: 'owed', key: `${loop}`, value: n }],
      onEvent: ({ key, new_value }) => ({
        loop: Number(key),
        n: new_value,
        then: ['state::set', { scope: 'copies', key, value: new_value }],
      }),
      ...(asks && { onCondition: ({ key }) => ['state::get', { scope: 'copies', key }] }),
      inOrder: true,
    })
  },
  60_000,
)

function call(functionId: string, data: object): { functionId: string; json: string } {
  return { functionId, json: JSON.stringify(data) }
}

function isExpected({ result, error }: Answer, n: number): boolean {
  if (error) return false
  const step = Math.floor(n / 3)
  const before = step === 0 ? null : { step: step - 1, at: 'update' }
  const [set, updated] = [
    { step, at: 'set' },
    { step, at: 'update' },
  ]
  const expected = [{ old_value: before, new_value: set }, { old_value: set, new_value: updated }, updated][n % 3]
  return JSON.stringify(result) === JSON.stringify(expected)
}

/** Of the first `calls` calls of a caller, those that write: two of three. */
function writesAmong(calls: number): number {
  return calls - Math.floor(calls / 3)
}
