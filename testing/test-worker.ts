// A worker of a test: a real handle that the engine takes for an external worker, without a socket between them.
import { randomUUID } from 'node:crypto'
import type { LinkEvents } from '../core/model/link-events.ts'
import type { Policy } from '../core/model/policy.ts'
import { Worker, type WorkerInit } from '../core/model/worker.ts'
import { Handle } from '../sdk/handle.ts'
import type { Transport } from '../sdk/transport.ts'
import { FrameEnd } from '../sdk/transports/frame-end.ts'
import { LoopBackTransport } from './loop-back.ts'

const MEMBER = 0

export interface TestWorkerDeps {
  readonly events: LinkEvents
  readonly policy: Policy
  readonly internal?: WorkerInit['internal']
  /** Gets what no call can report, such as a refused binding. */
  readonly onProblem: (problem: string) => void
  readonly onConnected: (worker: Worker) => void
  /** The connection has ended, from either side. */
  readonly onClosed: (worker: Worker) => void
}

/** The `iii` handle of a worker that is connected to the engine under test. `close()` disconnects it. */
export class TestWorker extends Handle {
  /** @internal */
  readonly worker: Worker
  readonly #end: FrameEnd

  private constructor(transport: Transport, end: FrameEnd, worker: Worker, onProblem: (problem: string) => void) {
    super(transport, { onProblem })
    this.#end = end
    this.worker = worker
  }

  /** @internal `engine.connect` */
  static connect({ events, policy, internal, onProblem, onConnected, onClosed }: TestWorkerDeps): TestWorker {
    const transport = new LoopBackTransport('socket', () => {})
    const link = transport.link(MEMBER, events)
    const worker = new Worker({ id: randomUUID(), link, policy, ...(internal !== undefined && { internal }) })
    link.attach(worker)
    const end = new FrameEnd(transport.far, () => {})
    transport.onFarClosed(() => {
      link.terminate()
      onClosed(worker)
    })
    transport.onNearClosed(() => end.close())
    onConnected(worker)
    return new TestWorker(end.member(MEMBER, ''), end, worker, onProblem)
  }

  /** Its id in the listings of the engine. */
  get id(): string {
    return this.worker.id
  }

  override close(): void {
    super.close()
    this.#end.close()
  }
}
