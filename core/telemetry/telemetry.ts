// What the engine knows of itself, and the place where it is handed to whoever holds the seat `telemetry`. While nobody does, calls are
// not observed: the router asks one field, which is undefined.
import type { Call } from '../model/call.ts'
import type { Worker } from '../model/worker.ts'
import type { Log, LogLine } from '../log.ts'
import { CallFigures } from './call-figures.ts'
import { publishWorker } from './channels.ts'
import { EngineEvents } from './engine-events.ts'
import { LogTail } from './log-tail.ts'
import { LogTap } from './log-tap.ts'
import { Metrics, type MetricsSnapshot } from './metrics.ts'
import type { SpanHook } from './span-hook.ts'
import { WorkerLog } from './worker-log.ts'
import { WorkerNotices } from './worker-notices.ts'

/** What is handed over while somebody listens, besides the figures. Both run inside the router: they must be quick and never throw. */
export interface TelemetryTaker {
  readonly spans?: SpanHook
  /** Lines of the engine's own log, as written, a turn's at a time. */
  takeLines?(lines: readonly LogLine[]): void
}

export class Telemetry {
  readonly metrics = new Metrics()
  readonly events = new EngineEvents()
  readonly notices: WorkerNotices
  /** What workers log. */
  readonly workerLog: WorkerLog
  /** The newest lines of the log. */
  readonly logTail = new LogTail()
  readonly #log: Log
  readonly #stopTail: () => void
  /** Follows each call; undefined = nobody listens. */
  observer: SpanHook | undefined
  #figures: CallFigures | undefined
  #tap: LogTap | undefined

  constructor(log: Log) {
    this.#log = log
    this.notices = new WorkerNotices(log, this.events)
    this.workerLog = new WorkerLog(log)
    this.#stopTail = this.logTail.follow(log)
  }

  get isOn(): boolean {
    return this.observer !== undefined
  }

  /** Calls, errors and latency per function and per worker since `turnOn`; undefined while calls are not observed. */
  get figures(): CallFigures | undefined {
    return this.#figures
  }

  snapshot(): MetricsSnapshot {
    return this.metrics.snapshot(this.#figures?.duration)
  }

  /** Somebody holds the seat: observes calls and the log from now on. A second taker replaces the first. */
  turnOn({ spans, takeLines }: TelemetryTaker = {}): void {
    this.turnOff()
    const figures = (this.#figures = new CallFigures())
    this.observer = {
      begin: (call: Call) => spans?.begin(call),
      end: (call: Call, error: Buffer | undefined) => {
        figures.record(call, error !== undefined)
        spans?.end(call, error)
      },
    }
    if (takeLines !== undefined) this.#tap = new LogTap(this.#log, takeLines, () => this.metrics.counts.linesDropped++)
  }

  /** Nobody holds the seat any more. Calls under way are not followed to their end. */
  turnOff(): void {
    this.observer = undefined
    this.#figures = undefined
    this.#tap?.close()
    this.#tap = undefined
  }

  workerAdded(worker: Worker): void {
    this.metrics.counts.spawns++
    publishWorker('connected', worker)
  }

  workerEnded(worker: Worker, abnormal: boolean): void {
    this.metrics.counts.deaths++
    if (abnormal && worker.slot !== undefined) this.metrics.counts.pluginsLost++
    this.#figures?.forgetWorker(worker.id)
    publishWorker('disconnected', worker)
    this.notices.ended(worker, abnormal)
  }

  /** A call has ended with an error: raw JSON, read at once. */
  callFailed(call: Call, error: Buffer): void {
    this.metrics.counts.error++
    this.events.failed(call, error)
  }

  close(): void {
    this.turnOff()
    this.notices.close()
    this.workerLog.close()
    this.events.close()
    this.#stopTail()
    this.logTail.close()
  }
}
