// All scenarios by name.
import type { ScenarioName } from '../options.ts'
import type { Scenario } from './scenario.ts'
import { control } from './control.ts'
import { cronIdle } from './cron-idle.ts'
import { failover } from './failover.ts'
import { fanOut } from './fan-out.ts'
import { hop } from './hop.ts'
import { plugin } from './plugin.ts'
import { pubsub } from './pubsub.ts'
import { reload } from './reload.ts'
import { rpc } from './rpc.ts'
import { scanner } from './scanner.ts'
import { startUp } from './start-up.ts'
import { stateGet } from './state-get.ts'
import { stateSet } from './state-set.ts'
import { streamFanOut } from './stream-fan-out.ts'
import { streamSet } from './stream-set.ts'

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  rpc,
  plugin,
  'state-set': stateSet,
  'state-get': stateGet,
  'stream-set': streamSet,
  hop,
  'fan-out': fanOut,
  'stream-fan-out': streamFanOut,
  pubsub,
  control,
  'start-up': startUp,
  'cron-idle': cronIdle,
  reload,
  failover,
  scanner,
}
