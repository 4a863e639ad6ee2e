// A connection on `/otel`: telemetry frames in, nothing out, never a worker (spec 01 §5).
import type { WebSocket } from 'ws'
import type { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'
import { telemetrySignal, type TelemetrySink } from '../telemetry/worker-frames.ts'
import type { TelemetryPeer } from './telemetry-peers.ts'

export function serveTelemetry(
  webSocket: WebSocket,
  sink: TelemetrySink,
  peer: TelemetryPeer,
  warnings: Pick<ThrottledWarnings, 'count'>,
): void {
  webSocket.on('message', (frame: Buffer, isBinary: boolean) => {
    if (!isBinary) return
    const signal = telemetrySignal(frame)
    if (signal === undefined) {
      const bytes = frame.length
      return warnings.count(`otel ${peer.id}`, 'binary frame without a telemetry prefix on /otel dropped', { bytes })
    }
    try {
      if (signal === 'MTRC') peer.sawMetrics(frame)
      sink.take(signal, frame, undefined, peer)
    } catch (error) {
      // A fault of ours that one frame brings out must not end the engine.
      warnings.count('otel', 'a telemetry frame could not be handled', { err: error })
    }
  })
}
