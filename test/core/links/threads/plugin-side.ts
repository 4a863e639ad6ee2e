// Functions for the tests of ring and pipe links, registered through a real handle.
import { InvocationError } from '../../../../sdk/errors.ts'
import type { TriggerBinding } from '../../../../sdk/handle-types.ts'
import { RawJson } from '../../../../sdk/raw-json.ts'
import type { PluginHandle } from '../../../../sdk/plugin-handle.ts'
import type { ChannelReader } from '../../../../sdk/channel-reader.ts'
import type { ChannelWriter } from '../../../../sdk/channel-writer.ts'

export function registerTestFunctions(iii: PluginHandle): void {
  iii.registerFunction('echo', (data) => data)
  iii.registerFunction('echo-later', async (data) => data)
  iii.registerFunction('raw', (json: string) => ({ json }), { raw: true })
  iii.registerFunction('as-it-is', (json: string) => new RawJson(json))
  iii.registerFunction('call-as-it-is', (json: string) => iii.trigger({ function_id: 'x', payload: new RawJson(json) }))
  iii.registerFunction('nothing', () => undefined)
  iii.registerFunction('fail', () => {
    throw new Error('on purpose')
  })
  iii.registerFunction('metadata', (_data, metadata) => metadata)
  iii.registerFunction('call', (request) => iii.trigger(request as { function_id: string }))
  iii.registerFunction('spin', (ms: number) => {
    const until = performance.now() + ms
    while (performance.now() < until);
  })
  iii.registerFunction('copy', async ({ from, to }: { from: ChannelReader; to: ChannelWriter }) => {
    for await (const chunk of from.stream) to.write(chunk as Buffer)
    to.close()
  })
  iii.registerFunction('offer', ({ direction, withdrawn }) => {
    const offer = iii.offerChannel(direction as 'read' | 'write', (end) => {
      if ('write' in end) end.write('here you are')
      else end.onMessage(() => end.close())
    })
    if (withdrawn === true) offer.withdraw()
    return offer.ref
  })
  iii.registerFunction('fan-out', ({ bindings, payload }: { bindings: TriggerBinding[]; payload: unknown }) => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const outcomes: unknown[] = []
    let open = bindings.length
    const onSettled = (place: number, error: unknown): void => {
      outcomes[place] = error instanceof InvocationError ? [error.code, error.function_id, error.isUndelivered] : 'done'
      if (--open === 0) resolve(outcomes)
    }
    const { text } = payload as { text?: string }
    const sent = text === undefined ? payload : new RawJson(text)
    iii.fanOut({ bindings, payload: sent, timeoutMs: 10_000, onSettled })
    return promise
  })
  iii.registerFunction('pass-on', () => iii.passCallsOn())
  iii.registerFunction('exit', () => process.exit(3))
}
