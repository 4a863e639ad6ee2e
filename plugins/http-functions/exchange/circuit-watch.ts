// Circuits whose changes somebody sees: in the log, and in the health of the engine.
import type { Clock } from '../../../base/time/clock.ts'
import type { PluginContext } from '../../../sdk/plugin.ts'
import { Circuits } from './circuits.ts'

/** Hosts that the health names. */
const MAX_NAMED = 20

export class CircuitWatch extends Circuits {
  constructor(clock: Clock, log: Pick<PluginContext['log'], 'info' | 'warn'>, report: PluginContext['reportHealth']) {
    super({
      clock,
      onChange: (host, state, reason) => {
        const message = `circuit of ${host} ${state === 'half_open' ? 'half open' : state}: ${reason}`
        if (state === 'open') log.warn(message)
        else log.info(message)
        const { troubled } = this
        report('http-circuits', {
          status: troubled.length === 0 ? 'healthy' : 'degraded',
          details: { not_closed: troubled.length, hosts: troubled.slice(0, MAX_NAMED) },
        })
      },
    })
  }
}
