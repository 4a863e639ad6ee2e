// A connection on `/otel`: telemetry frames in, nothing out, never a worker (spec 01 §5).
import type { WebSocket } from 'ws'
import type { Log } from '../log.ts'
import { telemetrySignal, type TelemetrySink } from '../telemetry/worker-frames.ts'

export function serveTelemetry(webSocket: WebSocket, sink: TelemetrySink, log: Log): void {
  webSocket.on('message', (frame: Buffer, isBinary: boolean) => {
    if (!isBinary) return
    const signal = telemetrySignal(frame)
    if (signal !== undefined) sink.take(signal, frame, undefined)
    else log.warn('binary frame without a telemetry prefix on /otel dropped', { bytes: frame.length })
  })
}
