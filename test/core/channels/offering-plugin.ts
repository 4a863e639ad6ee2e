// A plugin that offers channels, on a core with real listeners: a real handle in this process, on the frames of a ring.
import { randomUUID } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { Worker } from '../../../core/model/worker.ts'
import { PluginHandle } from '../../../sdk/plugin-handle.ts'
import { FrameEnd } from '../../../sdk/transports/frame-end.ts'
import { LoopBackTransport } from '../../../testing/loop-back.ts'
import type { TestCore } from '../../support/test-core.ts'

export interface OfferingPlugin {
  readonly iii: PluginHandle
  readonly worker: Worker
  /** What the handle has complained of. */
  readonly problems: string[]
  /** Ends as a crash does: at once, and with its link. */
  crash(): void
}

export function offeringPlugin({ core }: TestCore, name = 'offering'): OfferingPlugin {
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
  const problems: string[] = []
  const iii = new PluginHandle(end.member(0, ''), { onProblem: (problem) => problems.push(problem) })
  const crash = (): void => {
    link.terminate()
    core.router.endWorker(worker, { abnormal: true })
  }
  onTestFinished(crash)
  return { iii, worker, problems, crash }
}
