// Hands telemetry frames, as they are, to the plugin that holds the seat `telemetry`, and counts those that nobody took.
// What a worker exports may be anything: it is neither parsed nor checked here, and reaches nobody but the holder.
import type { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'
import type { TelemetryMetadata, TelemetrySignal } from '../../protocol/seats.ts'
import type { Worker } from '../model/worker.ts'
import type { TelemetrySink } from '../telemetry/worker-frames.ts'
import type { Seat } from './seat.ts'

const PREFIX_BYTES = 4

export class SeatTelemetry implements TelemetrySink {
  readonly #seat: Seat<never, unknown>
  readonly #warnings: Pick<ThrottledWarnings, 'count'>
  /** Frames that nobody took since the start. */
  dropped = 0

  constructor(seat: Seat<never, unknown>, warnings: Pick<ThrottledWarnings, 'count'>) {
    this.#seat = seat
    this.#warnings = warnings
  }

  take(signal: TelemetrySignal, frame: Buffer, worker: Worker | undefined): void {
    const metadata: TelemetryMetadata = { signal, worker_id: worker?.id ?? null }
    const dropped = ({ message }: Error): void => {
      this.dropped++
      // An engine without a holder is as it is meant to be: its workers export all the same.
      if (this.#seat.state !== 'empty')
        this.#warnings.count('telemetry dropped', `telemetry of workers is dropped: ${message}`, {})
    }
    this.#seat.tell(frame.subarray(PREFIX_BYTES), dropped, metadata)
  }
}
