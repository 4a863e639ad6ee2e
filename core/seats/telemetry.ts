// Hands telemetry frames to the plugin that holds the seat `telemetry`; without one they are counted and dropped.
import { isJson } from '../../base/values/is-json.ts'
import { SEATS } from '../../protocol/seats.ts'
import type { Worker } from '../model/worker.ts'
import type { Router } from '../router/router.ts'
import type { TelemetrySignal, TelemetrySink } from '../telemetry/worker-frames.ts'

export class SeatTelemetry implements TelemetrySink {
  readonly #router: Router
  /** Frames that nobody took since the start. */
  dropped = 0

  constructor(router: Router) {
    this.#router = router
  }

  take(signal: TelemetrySignal, frame: Buffer, worker: Worker | undefined): void {
    const holder = this.#router.functions.find('default', SEATS.telemetry)
    if (holder === undefined) {
      this.dropped++
      return
    }
    const head = `{"signal":"${signal}","worker_id":${JSON.stringify(worker?.id ?? null)},"export":`
    const body = frame.subarray(4).toString()
    if (!isJson(body)) {
      this.dropped++
      return
    }
    const data = Buffer.from(`${head}${body}}`)
    this.#router.invokeThen({ functionId: SEATS.telemetry, data }, (_result, error) => {
      if (error !== undefined) this.dropped++
    })
  }
}
