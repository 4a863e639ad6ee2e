// Where a plugin under test runs: in the place of a thread of its own, with the same messages to and fro, in this process.
import { systemClock } from '../base/time/clock.ts'
import { FrameContainer } from '../core/host/containers/frame-container.ts'
import { PluginRunner } from '../core/host/inside/plugin-runner.ts'
import type { ProcessOwner } from '../core/host/processes/plugin-processes.ts'
import type { LinkEvents } from '../core/model/link-events.ts'
import type { PluginDefinition } from '../sdk/plugin.ts'
import { FrameEnd } from '../sdk/transports/frame-end.ts'
import { LoopBackTransport } from './loop-back.ts'

/** It ends at once; nobody waits so long. */
const END_MS = 1_000

export class InProcessContainer extends FrameContainer {
  readonly kind = 'thread'
  readonly number = 0
  readonly #end: FrameEnd

  constructor(definition: PluginDefinition<never>, events: LinkEvents, processes: ProcessOwner) {
    super({ events, processes, clock: systemClock, endMs: END_MS, onAbandoned() {}, onGone() {} })
    const transport = new LoopBackTransport('ring', (member, message) => this.receiveHost(member, message))
    this.transport = transport
    const runner = new PluginRunner(
      (): FrameEnd => this.#end,
      () => {},
      async () => ({ default: definition }),
    )
    this.#end = new FrameEnd(transport.far, runner.onHost)
  }

  /** It has neither memory nor an event loop of its own. */
  async usage(): Promise<undefined> {
    return undefined
  }

  protected terminate(): void {
    this.#end.close()
    this.finished({ code: 'ENDED', message: 'it was ended' })
  }
}
