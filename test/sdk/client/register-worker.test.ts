// What `registerWorker` gives, in Node and with the SDK of pages on Node's own WebSocket (spec 08 §2, §3, §17).
import { describe, expect, it, onTestFinished } from 'vitest'
import * as browser from '../../../browser.ts'
import * as node from '../../../sdk.ts'
import { startCore } from '../../support/test-core.ts'

describe.each([
  ['iii-host/sdk', node],
  ['iii-host/browser', browser],
] as const)('registerWorker of %s', (_name, { registerWorker }) => {
  it('returns a worker that calls, serves and is bound', async () => {
    const core = await startCore()
    const other = await core.connect()
    await other.provided('math::add', ({ a, b }: { a: number; b: number }) => a + b)
    const iii = registerWorker(core.url(), { workerName: 'mine' })
    onTestFinished(() => iii.shutdown())
    iii.registerFunction('own::echo', (data, metadata) => ({ data, metadata }))
    iii.registerTrigger({ type: 'nobodys', function_id: 'own::echo', config: { a: 1 } })
    expect(await iii.trigger({ function_id: 'math::add', payload: { a: 2, b: 3 } })).toBe(5)
    expect((await other.call('own::echo', [1], { metadata: { m: 1 } })).result).toEqual({
      data: [1],
      metadata: { m: 1 },
    })
    expect(await iii.listTriggers()).toEqual([expect.objectContaining({ function_id: 'own::echo' })])
  })
})
