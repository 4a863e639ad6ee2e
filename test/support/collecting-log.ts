// A plugin's log that keeps its lines.
export { collectingLog, type LogLine } from '../../testing/index.ts'
