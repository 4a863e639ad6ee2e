// The other engine is killed and started again while calls go to and fro (spec 06 C.5): none is made twice, and each is answered.
import { expect, onTestFinished, test, vi } from 'vitest'
import { engineFolder } from '../../support/engine-process.ts'
import { RawClient } from '../../support/raw-client.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'
import { bridgeTo, untilProvided } from '../../plugins/bridge/bridged.ts'

test('killed by SIGKILL under load and started again, three times: calls fail with bridge_error or are carried out once', async () => {
  const folder = await engineFolder(
    '  - { name: iii-state, config: { adapter: { name: kv, config: { store_method: in_memory } } } }\n',
  )
  onTestFinished(() => folder.remove())
  let there = await folder.start()
  const here = await startRemoteEngine([
    bridgeTo(folder.url, {
      forward: [{ local_function: 'count', remote_function: 'state::update', timeout_ms: 3_000 }],
      expose: [{ local_function: 'a::f' }],
    }),
  ])
  const near = await RawClient.connect(here.url)
  await near.provided('a::f', () => 1)
  const codes = new Set<string>()
  const end = new AbortController()
  let answered = 0
  /** What is counted at the other engine in the round of each key: no engine counts the key of a later one. */
  const rounds = Array.from({ length: 4 }, () => ({ values: new Array<number>(), failed: 0 }))
  let round = 0
  const callers = Array.from({ length: 20 }, async () => {
    while (!end.signal.aborted) {
      const own = rounds[round]!
      const ops = [{ type: 'increment', path: '', by: 1 }]
      const { error, result } = await near.call('count', { scope: 's', key: `k${round}`, ops })
      if (error === undefined) {
        answered++
        own.values.push((result as { new_value: number }).new_value)
      } else {
        own.failed++
        codes.add(`${error.code}: ${/broke before|timed out/.exec(error.message)?.[0] ?? error.message}`)
      }
    }
  })
  const more = (): Promise<unknown> => {
    const before = answered
    return vi.waitUntil(() => answered > before + 200, { timeout: 20_000, interval: 5 })
  }
  await more()
  while (round < 3) {
    await there.kill()
    round++
    there = await folder.start()
    await more()
    await untilProvided(await RawClient.connect(folder.url), 'a::f')
  }
  end.abort()
  await Promise.all(callers)
  expect(codes).toContain('bridge_error: broke before')
  // Where the start took long.
  codes.delete('bridge_error: timed out')
  expect([...codes]).toEqual(['bridge_error: broke before'])
  const far = await RawClient.connect(folder.url)
  const { result: counted } = await far.call('state::get', { scope: 's', key: 'k3' })
  const { values, failed } = rounds[3]!
  // Each call that was answered has counted once, and so has at most each that failed.
  expect(new Set(values).size).toBe(values.length)
  expect(counted).toBeGreaterThanOrEqual(values.length)
  expect(counted).toBeLessThanOrEqual(values.length + failed)
  expect((await far.call('a::f', {})).result).toBe(1)
}, 60_000)
