// Telemetry frames of workers (spec 01 §5): told apart by four bytes and handed to the seat `telemetry`; without a holder they are counted.
import type { TelemetrySignal } from '../../protocol/seats.ts'
import type { Worker } from '../model/worker.ts'
import type { LogSource } from './worker-log.ts'

export interface TelemetrySink {
  /**
   * Takes a whole frame, prefix included. Never answers and never fails. `worker` is undefined for frames from `/otel`, of which `source`
   * says what is known of their worker.
   */
  take(signal: TelemetrySignal, frame: Buffer, worker: Worker | undefined, source?: LogSource): void
}

/** The signal of a binary frame, or undefined if it is not telemetry. */
export function telemetrySignal(frame: Buffer): TelemetrySignal | undefined {
  if (frame.length < 4) return undefined
  const prefix = frame.latin1Slice(0, 4)
  return prefix === 'OTLP' || prefix === 'MTRC' || prefix === 'LOGS' ? prefix : undefined
}
