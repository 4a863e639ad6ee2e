import { expect, test } from 'vitest'
import { createLog } from '../../../core/log.ts'
import { WORKER_LOG_LIMITS, WorkerLog } from '../../../core/telemetry/worker-log.ts'
import { ManualClock } from '../host/manual-clock.ts'

const { recordsOfWorker, bytesOfWorker, records: recordsOfAll } = WORKER_LOG_LIMITS

function logging(level: 'debug' | 'info' = 'info') {
  const lines: Record<string, unknown>[] = []
  const log = createLog({
    level,
    pretty: false,
    write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
  })
  const clock = new ManualClock()
  return { lines, clock, workerLog: new WorkerLog(log, clock) }
}

function exportOf(count: number, body = 'x', severityNumber = 9): Buffer {
  const logRecords = Array.from({ length: count }, () => ({ severityNumber, body: { stringValue: body } }))
  return Buffer.from(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }))
}

const source = (name: string) => ({ id: `id of ${name}`, name })
const LEFT_OUT = 'log records of workers were left out: they came faster than is written'

test('a record is a line of its level with the name of its worker', () => {
  const { lines, workerLog } = logging()
  expect(workerLog.takeExport(exportOf(1, 'hello', 17), source('w'))).toBe(true)
  expect(lines).toEqual([{ level: 'error', time: expect.any(String) as string, worker: 'w', msg: 'hello' }])
})

test('a worker that floods keeps nobody else from the log; what is left out is told once, with its number', () => {
  const { lines, clock, workerLog } = logging()
  for (let frame = 0; frame < 5; frame++) workerLog.takeExport(exportOf(recordsOfWorker), source('loud'))
  workerLog.takeExport(exportOf(1), source('quiet'))
  expect(lines.filter(({ worker }) => worker === 'loud')).toHaveLength(recordsOfWorker)
  expect(lines.filter(({ worker }) => worker === 'quiet')).toHaveLength(1)
  clock.move(60_000)
  const told = lines.filter(({ msg }) => msg === LEFT_OUT)
  expect(told).toEqual([
    expect.objectContaining({ level: 'warn', records: 4 * recordsOfWorker, workers: { loud: 4 * recordsOfWorker } }),
  ])
})

test('the bound of a second is neither lifted nor kept by a clock that is set', () => {
  const { lines, clock, workerLog } = logging()
  workerLog.takeExport(exportOf(recordsOfWorker), source('loud'))
  for (const hours of [1, -2]) {
    clock.set(clock.now() + hours * 3_600_000)
    expect(workerLog.takeExport(exportOf(1), source('loud'))).toBe(false)
  }
  clock.move(1_000)
  expect(workerLog.takeExport(exportOf(1), source('loud'))).toBe(true)
  expect(lines.filter(({ worker }) => worker === 'loud')).toHaveLength(recordsOfWorker + 1)
})

test('many workers have a bound together, and are told in one line', () => {
  const { lines, clock, workerLog } = logging()
  const workers = 2 * (recordsOfAll / recordsOfWorker)
  for (let n = 0; n < workers; n++) workerLog.takeExport(exportOf(recordsOfWorker), source(`w${n}`))
  expect(lines).toHaveLength(recordsOfAll)
  clock.move(60_000)
  const named = Object.keys((lines.at(-1)?.['workers'] ?? {}) as object)
  expect(lines.at(-1)).toMatchObject({ msg: LEFT_OUT, records: recordsOfAll, more_workers: workers / 2 - named.length })
  expect(lines).toHaveLength(recordsOfAll + 1)
})

test('what is larger than a worker may send in a second is not even read', () => {
  const { lines, clock, workerLog } = logging()
  expect(workerLog.takeExport(exportOf(1, 'x'.repeat(bytesOfWorker)), source('w'))).toBe(false)
  clock.move(60_000)
  expect(lines).toEqual([expect.objectContaining({ msg: LEFT_OUT, records: 1, unread_frames: 1 })])
})

test('records below the level of the log take nothing away from the others', () => {
  const { lines, workerLog } = logging()
  for (let frame = 0; frame < 5; frame++) workerLog.takeExport(exportOf(recordsOfWorker, 'detail', 5), source('w'))
  workerLog.takeExport(exportOf(1, 'news'), source('w'))
  expect(lines.map(({ msg }) => msg)).toEqual(['news'])
})

test('a line that a worker writes by a call has the same bounds', () => {
  const { lines, workerLog } = logging()
  const record = { level: 'info', body: 'y'.repeat(100_000), data: { a: 'z'.repeat(100_000) } } as const
  const none = { attributes: undefined, service: undefined, traceId: undefined, spanId: undefined }
  for (let n = 0; n < 2 * recordsOfWorker; n++) workerLog.write({ ...record, ...none }, source('w'))
  expect(lines).toHaveLength(recordsOfWorker)
  expect(JSON.stringify(lines[0]).length).toBeLessThan(30_000)
})
