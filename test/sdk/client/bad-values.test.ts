// Values that can't be sent, and settings that can't be meant: told to whoever gave them, and harmless to everything else.
import { createServer } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startCore } from '../../support/test-core.ts'
import type { InitOptions } from '../../../sdk.ts'
import { connect, failureOf, SURFACES } from './clients.ts'

function cyclic(): object {
  const value: Record<string, unknown> = {}
  value['self'] = value
  return value
}

const UNSENDABLE = [
  ['a bigint', () => ({ n: 1n }), /BigInt/],
  ['a cycle', cyclic, /circular/],
  ['more than a frame may hold', () => ({ text: 'x'.repeat((64 << 20) + 1) }), /at most 67108864/],
] as const

/** Where nobody listens. */
async function nowhere(): Promise<{ url: string; port: number }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return { url: `ws://127.0.0.1:${port}`, port }
}

describe.each(SURFACES)('with $name', ({ sdk }) => {
  it.each(UNSENDABLE)(
    'a registration with %s throws, and is not tried with the connection that comes',
    async (_what, make, why) => {
      const { url, port } = await nowhere()
      const iii = connect(sdk, url)
      const bad = make()
      const handler = { registerTrigger: async () => {}, unregisterTrigger: async () => {} }
      expect(() => iii.registerFunction('own::f', () => 1, { metadata: bad as never })).toThrow(why)
      expect(() => iii.registerTrigger({ type: 'tick', function_id: 'own::f', config: bad })).toThrow(why)
      const format = { trigger_request_format: bad as never }
      expect(() => iii.registerTriggerType({ id: 'own:type', description: '', ...format }, handler)).toThrow(why)
      iii.registerFunction('own::f', () => 'well')
      await startCore({ listeners: [{ port }] })
      expect(await iii.trigger({ function_id: 'own::f' })).toBe('well')
    },
  )

  it('what a registration was made of may change afterwards', async () => {
    const { url, port } = await nowhere()
    const iii = connect(sdk, url)
    const metadata: Record<string, unknown> = { label: 'first' }
    iii.registerFunction('own::f', () => 1, { metadata })
    metadata['label'] = metadata
    const core = await startCore({ listeners: [{ port }] })
    expect(await iii.trigger({ function_id: 'own::f' })).toBe(1)
    const { functions } = (await (await core.connect()).call('engine::functions::list', { prefix: 'own::' }))
      .result as {
      functions: object[]
    }
    expect(functions).toMatchObject([{ metadata: { label: 'first' } }])
  })

  it('a call with metadata that can not be sent fails alone, before and after there is a connection', async () => {
    const { url, port } = await nowhere()
    const iii = connect(sdk, url)
    const dropped = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => dropped.mockRestore())
    iii.registerFunction('own::f', (_data, metadata) => metadata)
    const call = (metadata: unknown) => iii.trigger({ function_id: 'own::f', metadata: metadata as never })
    const early = [failureOf(call({ n: 1n })), failureOf(call(cyclic()))]
    void iii.trigger({ function_id: 'own::f', metadata: cyclic() as never, action: sdk.TriggerAction.Void() })
    await startCore({ listeners: [{ port }] })
    expect(await call({ n: 1 })).toEqual({ n: 1 })
    for (const failure of [...early, failureOf(call({ n: 1n }))]) expect(await failure).toBeInstanceOf(TypeError)
    expect(await call(() => {})).toBeUndefined()
    expect(dropped).toHaveBeenCalledWith(expect.stringMatching(/own::f was dropped\. .*circular/))
    expect(iii.pendingCalls).toBe(0)
  })

  it('a provider that throws what has no text refuses the binding', async () => {
    const core = await startCore()
    const iii = connect(sdk, core.url())
    const refuse = (): never => {
      throw Object.create(null)
    }
    iii.registerTriggerType(
      { id: 'now', description: '' },
      { registerTrigger: refuse as never, unregisterTrigger: refuse as never },
    )
    const later = async (): Promise<never> => refuse()
    iii.registerTriggerType({ id: 'later', description: '' }, { registerTrigger: later, unregisterTrigger: later })
    iii.registerFunction('own::f', () => 1)
    await iii.trigger({ function_id: 'own::f' })
    const other = await core.connect()
    for (const type of ['now', 'later'])
      other.send({ type: 'registertrigger', id: type, trigger_type: type, function_id: 'own::f', config: {} })
    await other.next('triggerregistrationresult', 2)
    for (const { error } of other.of('triggerregistrationresult'))
      expect(error).toMatchObject({ code: 'trigger_registration_failed', message: 'what it threw cannot be shown' })
    expect(await iii.trigger({ function_id: 'own::f' })).toBe(1)
    await iii.idle()
  })

  it.each<[string, unknown]>([
    ['not a number', Number.NaN],
    ['below 0', -1],
    ['a text', '5'],
    ['null', null],
  ])('a time-out that is %s is refused, where the call or the worker says it', async (_what, timeoutMs) => {
    const { url } = await nowhere()
    const iii = connect(sdk, url)
    const error = await failureOf(iii.trigger({ function_id: 'own::f', timeoutMs: timeoutMs as number }))
    expect(error.message).toMatch(/^timeoutMs must be a number from 0 to Infinity, not/)
    // As other options of a worker that are null, it is not said.
    if (timeoutMs === null) return
    expect(() => connect(sdk, url, { invocationTimeoutMs: timeoutMs as number })).toThrow(
      /^invocationTimeoutMs must be/,
    )
  })

  it.each<NonNullable<InitOptions['reconnectionConfig']>>([
    { initialDelayMs: Number.NaN },
    { initialDelayMs: -1 },
    { maxDelayMs: Number.NaN },
    { backoffMultiplier: 0 },
    { jitterFactor: 2 },
    { maxRetries: Number.NaN },
  ])('%o is no way to reconnect', (reconnectionConfig) => {
    expect(() => connect(sdk, 'ws://127.0.0.1:9', { reconnectionConfig })).toThrow(
      new RegExp(`^${Object.keys(reconnectionConfig)[0]} must be`),
    )
  })
})
