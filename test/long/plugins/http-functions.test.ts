// The worker `iii-http-functions` is reloaded, and its settings are changed, under load: each call is one request, and each is answered.
import { expect, it } from 'vitest'
import { apiServer } from '../../plugins/http-functions/api-server.ts'
import { RawClient } from '../../support/raw-client.ts'
import { report } from '../network/engine-under-test.ts'
import { startPluginEngine } from './plugin-engine.ts'
import { SteadyLoad } from './steady-load.ts'

const CALLERS = 4
const ROUNDS = 6

const entry = (maxResponseBytes: number, endpointIds: readonly string[]): string => {
  const functions = endpointIds.map((id) => `{ id: '${id}', path: / }`).join(', ')
  return `  - name: iii-http-functions
    config:
      security: { require_https: false, block_private_ips: false }
      max_response_bytes: ${maxResponseBytes}
      endpoints: [{ base_url: 'http://127.0.0.1:9', functions: [${functions}] }]
`
}

it('loses and doubles no call', async () => {
  const seen = new Map<string, number>()
  const api = await apiServer(({ body }) => {
    const { caller, n } = JSON.parse(body.toString()) as { caller: number; n: number }
    seen.set(`${caller}/${n}`, (seen.get(`${caller}/${n}`) ?? 0) + 1)
    return { n }
  })
  const engine = await startPluginEngine({ entries: entry(100_000, ['a']) })
  const worker = await RawClient.connect(engine.folder.url, { name: 'shop' })
  await worker.provided('ext::hook', undefined, { invocation: { url: api.url } })
  const callers = await Promise.all(Array.from({ length: CALLERS }, (_, index) => engine.connect(`caller-${index}`)))
  const wrong: unknown[] = []
  const load = new SteadyLoad({
    callers,
    callsPerSecond: 400,
    callOf: (caller, n) => ({ functionId: 'ext::hook', json: `{"caller":${caller},"n":${n}}` }),
    onAnswer: (caller, n, { result, error }) => {
      if (error !== undefined || (result as { n: number }).n !== n) wrong.push({ caller, n, result, error })
    },
  })
  for (let round = 1; round <= ROUNDS; round++) {
    const before = (await engine.row('iii-http-functions')).generation
    await engine.observer.result('engine::plugins::reload', { name: 'iii-http-functions' })
    // In place, then by a generation of its own.
    await engine.configure(entry(100_000 + round, ['a']))
    await engine.configure(entry(100_000 + round, ['a', `b${round}`]))
    await engine.rowThat('iii-http-functions', 'of another generation', ({ generation }) => generation > before + 1)
  }
  const { calls, callsPerSecond } = await load.stop()
  report(`${ROUNDS} reloads and as many changes of settings: ${calls} calls at ${callsPerSecond}/s`)
  expect(wrong).toEqual([])
  expect(seen.size).toBe(calls)
  expect([...seen].filter(([, times]) => times !== 1)).toEqual([])
  await worker.close()
}, 60_000)
