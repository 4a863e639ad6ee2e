// `iii-bridge`: functions of another engine are called here, and functions of this engine there (spec 06 C).
import { definePlugin } from '../../sdk/plugin.ts'
import { BRIDGE_SCHEMA, type BridgeConfig } from './config.ts'
import { startBridge } from './start.ts'

export default definePlugin<BridgeConfig>({
  name: 'iii-bridge',
  description: 'Connects to another engine: calls its functions, and lets it call some of this one.',
  config: BRIDGE_SCHEMA,
  isolation: 'thread',
  // Two connections of one bridge do no harm: calls that are under way end in the generation that began them.
  overlap: true,
  repeatable: true,
  start: (context) => startBridge(context, process.env),
})
