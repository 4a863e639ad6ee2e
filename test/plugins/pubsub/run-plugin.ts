// The pub/sub plugin on a fake engine.
import type { PubSubConfig } from '../../../plugins/pubsub/config.ts'
import pubsubPlugin from '../../../plugins/pubsub/index.ts'
import { runPlugin, type PluginRun } from '../../support/plugin-run.ts'

export type RunningPubSub = PluginRun<PubSubConfig>

export function runPubSubPlugin(config: PubSubConfig = {}): Promise<RunningPubSub> {
  return runPlugin(pubsubPlugin, 'subscribe', '', config)
}
