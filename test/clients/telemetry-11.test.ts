// The older SDK with OpenTelemetry on (spec 08 check 24). It exports every five seconds.
import { telemetryCase } from './telemetry-case.ts'
import { V11 } from './versions.ts'

telemetryCase(V11, 5_000)
