// A plugin that offers channels, on a core with real listeners: a real handle in this process, on the frames of a ring.
import { randomUUID } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { Worker } from '../../../core/model/worker.ts'
import { OFFER_PREFIX_LENGTH } from '../../../protocol/offer-id.ts'
import type { ChannelRef } from '../../../sdk/handle-types.ts'
import { PluginHandle } from '../../../sdk/plugin-handle.ts'
import type { OfferTransport, Receiver } from '../../../sdk/transport.ts'
import { FrameEnd } from '../../../sdk/transports/frame-end.ts'
import { LoopBackTransport } from '../../../testing/loop-back.ts'
import { Collector } from '../../support/deadline.ts'
import type { TestCore } from '../../support/test-core.ts'

export interface OfferingPlugin {
  readonly iii: PluginHandle
  readonly worker: Worker
  /** What the handle has complained of. */
  readonly problems: string[]
  /** Ends as a crash does: at once, and with its link. */
  crash(): void
}

/** What its link sends and gets, without a handle: it has announced its ids, and answers when the test does. */
export interface SilentOwner {
  readonly transport: OfferTransport
  readonly asked: Collector<{ readonly ask: number; readonly ref: ChannelRef }>
  /** Of its own channels, whether there are such or not. */
  ref(direction: ChannelRef['direction']): ChannelRef
  crash(): void
}

export function silentOwner(core: TestCore): SilentOwner {
  const { transport, crash } = pluginConnection(core, 'silent')
  const asked = new Collector<{ readonly ask: number; readonly ref: ChannelRef }>()
  transport.onChannelAsked = (ask, ref) => asked.add({ ask, ref })
  transport.start(receiver(() => {}))
  const prefix = randomUUID().slice(0, OFFER_PREFIX_LENGTH)
  transport.announceOffers(prefix)
  let last = 0
  const ref = (direction: ChannelRef['direction']): ChannelRef => {
    const number = (++last).toString(16).padStart(12, '0')
    return { channel_id: `${prefix}${number}`, access_key: randomUUID(), direction }
  }
  return { transport, asked, ref, crash }
}

/** Hears of the ends of channels alone. */
export function receiver(onChannelClose: Receiver['onChannelClose']): Receiver {
  return { onChannelClose, onDrained() {}, onClosed() {}, onChannelCredit() {} } as Partial<Receiver> as Receiver
}

export function offeringPlugin(core: TestCore, name = 'offering'): OfferingPlugin {
  const { transport, worker, crash } = pluginConnection(core, name)
  const problems: string[] = []
  const iii = new PluginHandle(transport, { onProblem: (problem) => problems.push(problem) })
  return { iii, worker, problems, crash }
}

function pluginConnection({ core }: TestCore, name: string) {
  const transport = new LoopBackTransport('ring', () => {})
  const link = transport.link(0, core.linkEvents)
  const worker = new Worker({
    id: randomUUID(),
    link,
    policy: { kind: 'plugin', plugin: name, builtIn: true, allow: undefined },
    internal: { instanceId: name, name },
  })
  link.attach(worker)
  core.router.addWorker(worker)
  const end = new FrameEnd(transport.far, () => {})
  transport.onNearClosed(() => end.close())
  const crash = (): void => {
    link.terminate()
    core.router.endWorker(worker, { abnormal: true })
  }
  onTestFinished(crash)
  return { transport: end.member(0, ''), worker, crash }
}
