// Workers of iii that this version knows and has not: files may name them, and what they would provide is called by their name.
// When one is built, its row moves into the `about.ts` of its folder.
import type { WorkerAbout } from '../sdk/built-in.ts'

export const ABSENT_WORKERS: readonly WorkerAbout[] = [
  {
    name: 'iii-observability',
    classes: ['modules::observability::OtelModule', 'modules::observability::LoggingModule'],
    triggerTypes: ['log', 'trace'],
    exactTriggerTypes: ['log', 'trace'],
    seats: ['telemetry'],
    exactGrants: ['engine::traces::clear', 'engine::logs::clear'],
    mandatory: true,
  },
  { name: 'iii-telemetry', classes: ['modules::telemetry::TelemetryModule'] },
  { name: 'iii-sandbox' },
]
