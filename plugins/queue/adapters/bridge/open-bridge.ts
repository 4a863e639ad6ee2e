// Opens the adapter `bridge` (spec 06 D).
import { hostname } from 'node:os'
import { openBridge } from '../../../../kit/bridge/bridge.ts'
import type { BackendContext } from '../backend.ts'
import { BridgeBackend } from './bridge-backend.ts'

export function openBridgeBackend({ config, projectRoot, log, onStateChange }: BackendContext): BridgeBackend {
  const bridge = openBridge({
    url: config['bridge_url'],
    workerName: 'iii-queue-bridge',
    setting: 'adapter.config.bridge_url of iii-queue',
    log,
    // Never before this function returns.
    onState: (problem) => {
      backend.connectionChanged(problem === undefined)
      onStateChange?.(problem === undefined ? 'connected' : 'reconnecting')
    },
  })
  const backend: BridgeBackend = new BridgeBackend(bridge, `${hostname()} ${projectRoot}`)
  return backend
}
