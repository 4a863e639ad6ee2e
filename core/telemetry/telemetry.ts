// What the engine knows of itself, and the place where it is handed to whoever holds the seat `telemetry`. While nobody does, calls are
// not observed: the router asks one field, which is undefined.
import type { Call } from '../model/call.ts'
import type { Worker } from '../model/worker.ts'
import type { LogLine, LogLines } from '../log.ts'
import { CallFigures } from './call-figures.ts'
import { publishWorker } from './channels.ts'
import { LogTap } from './log-tap.ts'
import { Metrics, type MetricsSnapshot } from './metrics.ts'
import type { SpanHook } from './span-hook.ts'

/** What is handed over while somebody listens, besides the figures. Both run inside the router: they must be quick and never throw. */
export interface TelemetryTaker {
  readonly spans?: SpanHook
  /** Lines of the engine's own log, as written, a turn's at a time. */
  takeLines?(lines: readonly LogLine[]): void
}

export class Telemetry {
  readonly metrics = new Metrics()
  readonly #log: LogLines
  /** Follows each call; undefined = nobody listens. */
  observer: SpanHook | undefined
  #figures: CallFigures | undefined
  #tap: LogTap | undefined

  constructor(log: LogLines) {
    this.#log = log
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
  }
}
