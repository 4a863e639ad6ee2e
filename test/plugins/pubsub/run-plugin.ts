// The pub/sub plugin alone on the real router.
import type { PubSubConfig } from '../../../plugins/pubsub/config.ts'
import pubsubPlugin from '../../../plugins/pubsub/index.ts'
import { runPlugin, type PluginRun } from '../../support/plugin-run.ts'

export type RunningPubSub = PluginRun<PubSubConfig>

export function runPubSubPlugin(config: PubSubConfig = {}): Promise<RunningPubSub> {
  return runPlugin(pubsubPlugin, config, { triggerType: 'subscribe' })
}
