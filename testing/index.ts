// What the author of a plugin tests it with, in one process on the real router (docs/guides/testing-plugins.md).
// Published as `iii-host/testing`; it knows no test runner and works under any.
export { startTestEngine, TestEngine } from './test-engine.ts'
export type { BoundTrigger, ConnectOptions, TestBinding, TestEngineOptions } from './test-engine.ts'
export type { TestPlugin, RunOptions, StopOptions } from './test-plugin.ts'
export type { TestWorker } from './test-worker.ts'
export type { CallRecord } from './call-record.ts'
export { collectingLog, type CollectingLog, type LogLine } from './collecting-log.ts'
export { ManualClock, settled } from './manual-clock.ts'
export { sessionRights, type SessionRights } from './session-rights.ts'
