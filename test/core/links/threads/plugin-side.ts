// Functions for the tests of ring and pipe links, registered through a real handle.
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
  iii.registerFunction('exit', () => process.exit(3))
}
