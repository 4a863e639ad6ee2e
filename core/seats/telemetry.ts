// Hands telemetry frames, as they are, to the plugin that holds the seat `telemetry`, and counts those that nobody took. While there is no
// holder the log records among them go into the engine's log. What a worker exports may be anything: it is not checked here.
import type { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'
import type { TelemetryMetadata, TelemetrySignal } from '../../protocol/seats.ts'
import type { Worker } from '../model/worker.ts'
import type { TelemetrySink } from '../telemetry/worker-frames.ts'
import type { LogSource, WorkerLog } from '../telemetry/worker-log.ts'
import type { Seat } from './seat.ts'

const PREFIX_BYTES = 4

export class SeatTelemetry implements TelemetrySink {
  readonly #seat: Seat<never, unknown>
  readonly #warnings: Pick<ThrottledWarnings, 'count'>
  readonly #workerLog: Pick<WorkerLog, 'takeExport'>
  /** Frames that nobody took since the start. */
  dropped = 0

  constructor(
    seat: Seat<never, unknown>,
    warnings: Pick<ThrottledWarnings, 'count'>,
    workerLog: Pick<WorkerLog, 'takeExport'>,
  ) {
    this.#seat = seat
    this.#warnings = warnings
    this.#workerLog = workerLog
  }

  take(signal: TelemetrySignal, frame: Buffer, worker: Worker | undefined, source?: LogSource): void {
    if (this.#seat.state === 'empty') {
      const by = worker === undefined ? source : { id: worker.id, name: worker.name ?? worker.id }
      if (signal !== 'LOGS' || by === undefined || !this.#log(frame, by)) this.dropped++
      return
    }
    const metadata: TelemetryMetadata = { signal, worker_id: worker?.id ?? null }
    const dropped = ({ message }: Error): void => {
      this.dropped++
      this.#warnings.count('telemetry dropped', `telemetry of workers is dropped: ${message}`, {})
    }
    this.#seat.tell(frame.subarray(PREFIX_BYTES), dropped, metadata)
  }

  #log(frame: Buffer, source: LogSource): boolean {
    try {
      return this.#workerLog.takeExport(frame.subarray(PREFIX_BYTES), source)
    } catch (error) {
      const data = { worker: source.name ?? source.id, reason: (error as Error).message.slice(0, 200) }
      this.#warnings.count(`log export ${source.id}`, 'log records of a worker could not be read', data)
      return false
    }
  }
}
