// Plugins that flood each other, and one that floods while it does not read: both go on, and nobody else notices.
import { expect, it } from 'vitest'
import type { Answer } from '../../support/load-client.ts'
import { bystanders } from '../network/bystanders.ts'
import { report } from '../network/engine-under-test.ts'
import { forgetPeak, peakMiB, residentMiB } from '../network/resident-memory.ts'
import { startPluginEngine } from './plugin-engine.ts'

/** What a flood may cost the engine: queues of 64 MiB each way for two plugins, and the garbage of their frames. */
const MOST_MIB = 1_000

const flooding = (name: string, other: string): string => `import { definePlugin } from 'iii-host/plugin'
const BIG = 'x'.repeat(1024 * 1024)
export default definePlugin({ name: '${name}', start({ iii }) {
  iii.registerFunction('${name}::echo', (data) => data)
  // All at once, without a look at the answers: small calls, and a frame of a megabyte after each hundred.
  iii.registerFunction('${name}::flood', async ({ calls }) => {
    const outcomes = {}
    const count = (outcome) => { outcomes[outcome] = (outcomes[outcome] ?? 0) + 1 }
    const flood = []
    for (let n = 0; n < calls; n++) {
      const payload = n % 100 === 99 ? { n, text: BIG } : { n }
      flood.push(iii.trigger({ function_id: '${other}::echo', payload }).then(
        (answer) => count(answer.n === n && (answer.text === undefined || answer.text === BIG) ? 'answered' : 'wrong'),
        (error) => count(error.code),
      ))
    }
    await Promise.all(flood)
    return outcomes
  })
} })
`

it('two plugins that flood each other with calls and frames of 1 MB both go on', async () => {
  const engine = await startPluginEngine({
    plugins: { left: flooding('left', 'right'), right: flooding('right', 'left') },
  })
  const others = await bystanders(engine.folder.url)
  const { pid } = engine.process
  forgetPeak(pid)
  for (const calls of [6_000, 6_000, 12_000]) {
    const floods = await Promise.all(
      ['left', 'right'].map((name) => engine.observer.result(`${name}::flood`, { calls }, 60_000)),
    )
    report(`floods of ${calls}: ${JSON.stringify(floods)}, ${peakMiB(pid)} MiB at most, ${residentMiB(pid)} MiB now`)
    for (const { answered, overloaded = 0, ...other } of floods) {
      // Whatever is beyond the limits is refused at once; nothing is lost, mixed up or left to a time-out.
      expect(other).toEqual({})
      expect(answered + overloaded).toBe(calls)
      expect(answered).toBeGreaterThan(1_000)
    }
  }
  for (const name of ['left', 'right']) {
    expect(await engine.observer.result(`${name}::echo`, { n: 1 })).toMatchObject({ n: 1 })
    expect(await engine.row(name)).toMatchObject({ state: 'running', restarts: 0, in_flight: 0 })
  }
  expect(peakMiB(pid)).toBeLessThan(MOST_MIB)
  await others.stop()
}, 120_000)

const DEAF_MS = 3_000
const SENT = 100_000
const deaf = `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'deaf', start({ iii }) {
  iii.registerFunction('deaf::echo', ({ n }) => n)
  // A loop that never returns to the event loop: nothing is read meanwhile, whatever arrives.
  iii.registerFunction('deaf::flood', () => {
    const until = performance.now() + ${DEAF_MS}
    const text = 'y'.repeat(200)
    const answers = []
    for (let n = 0; n < ${SENT}; n++) void iii.trigger({ function_id: 'sink::take', payload: { n, text }, action: { type: 'void' } })
    for (let n = 0; n < 2_000; n++) answers.push(iii.trigger({ function_id: 'sink::answer', payload: { n } }).then(() => 'ok', (error) => error.code))
    while (performance.now() < until);
    return Promise.all(answers).then((codes) => codes.reduce((sum, code) => ({ ...sum, [code]: (sum[code] ?? 0) + 1 }), {}))
  })
} })
`

it('a plugin that floods its ring while it does not read: it is bounded, and reads again when it can', async () => {
  const engine = await startPluginEngine({ plugins: { deaf } })
  const others = await bystanders(engine.folder.url)
  const { pid } = engine.process
  const sink = await engine.connect('sink')
  const taken: number[] = []
  await sink.register('sink::take', ({ n }: { n: number }) => void taken.push(n))
  await sink.register('sink::answer', ({ n }: { n: number }) => n)
  const caller = await engine.connect('caller')
  forgetPeak(pid)
  const flood = engine.observer.result('deaf::flood', {}, 60_000)
  await expect.poll(() => taken.length, { timeout: 10_000 }).toBeGreaterThan(0)
  const answers: { n: number; answer: Answer }[] = []
  const calls = 15_000
  const text = 'z'.repeat(1_000)
  const all = Promise.withResolvers<void>()
  for (let n = 0; n < calls; n++) {
    caller.request('deaf::echo', `{"n":${n},"text":"${text}"}`, (answer) => {
      if (answers.push({ n, answer }) === calls) all.resolve()
    })
  }
  const outcome = await flood
  await all.promise
  const refused = answers.filter(({ answer }) => answer.error)
  report(
    `not reading: ${calls - refused.length} of ${calls} calls answered, ${refused.length} refused; ${taken.length} of ${SENT} void calls arrived; own calls ${JSON.stringify(outcome)}; ${peakMiB(pid)} MiB at most`,
  )
  for (const { answer } of refused) expect(answer.error).toMatchObject({ code: 'overloaded' })
  expect(refused.length).toBeGreaterThan(0)
  expect(answers.filter(({ n, answer }) => !answer.error && answer.result !== n)).toEqual([])
  expect(calls - refused.length).toBeGreaterThan(5_000)
  // Some void calls were dropped, in the order of the others.
  expect(taken.every((n, index) => index === 0 || n > taken[index - 1]!)).toBe(true)
  expect(taken.length).toBeGreaterThan(5_000)
  expect(Object.keys(outcome).filter((code) => code !== 'ok' && code !== 'overloaded')).toEqual([])
  expect(await caller.result('deaf::echo', { n: -1 })).toBe(-1)
  expect(await engine.row('deaf')).toMatchObject({ state: 'running', restarts: 0, in_flight: 0 })
  expect(peakMiB(pid)).toBeLessThan(MOST_MIB)
  await others.stop()
}, 60_000)
