import { expect, onTestFinished, test } from 'vitest'
import { CallHistory } from '../../../bench/load/call-run.ts'
import { runFanOut } from '../../../bench/load/fan-out-run.ts'
import type { FanOutJob } from '../../../bench/load/load-job.ts'
import { TargetProcess } from '../../../bench/targets/target-process.ts'
import { startStreamServer, type Frame, type TamperFrame } from './stream-server.ts'

const JOB = {
  kind: 'fan-out',
  way: 'stream',
  targetPid: undefined,
  subscribers: 5,
  payloadBytes: 150,
  inFlight: 4,
  warmupMs: 50,
  durationMs: 200,
} as const satisfies Partial<FanOutJob>

async function startNaive(): Promise<TargetProcess> {
  const target = await TargetProcess.start({ file: 'naive-router', args: [], cpus: undefined })
  onTestFinished(() => target.stop())
  return target
}

const CLEAN = { wrong: {}, unanswered: 0 }

test('each stream::set reaches every subscriber of the naive router, in order', async () => {
  const { url, streamUrl, pid } = await startNaive()
  const history = new CallHistory()
  const result = await runFanOut({ ...JOB, url, streamUrl, targetPid: pid, subscribers: 20 }, history)
  expect(result.verified).toBeGreaterThan(100)
  expect(result).toMatchObject(CLEAN)
  // The group has items now, and the numbers go on: nothing of the first run is taken for one of the second.
  const again = await runFanOut({ ...JOB, url, streamUrl, targetPid: pid }, history)
  expect(again.verified).toBeGreaterThan(20)
  expect(again).toMatchObject(CLEAN)
})

test('each publish reaches every subscriber of the naive router, in order', async () => {
  const { url, pid } = await startNaive()
  const result = await runFanOut({ ...JOB, way: 'topic', url, targetPid: pid }, new CallHistory())
  expect(result.verified).toBeGreaterThan(100)
  expect(result).toMatchObject(CLEAN)
})

test('each state::set reaches the function that is bound to its scope, in order', async () => {
  const { url, pid } = await startNaive()
  const history = new CallHistory()
  const job = { ...JOB, way: 'state', url, targetPid: pid, subscribers: 2, inFlight: 1 } as const
  const result = await runFanOut(job, history)
  expect(result.verified).toBeGreaterThan(100)
  expect(result).toMatchObject(CLEAN)
  // Other values under the same key.
  const again = await runFanOut({ ...job, subscribers: 1 }, history)
  expect(again.verified).toBeGreaterThan(20)
  expect(again).toMatchObject(CLEAN)
})

test('bursts of a fixed rate are as many as their rate says, and the start is told first', async () => {
  const { url, streamUrl } = await startStreamServer()
  const started: number[] = []
  const history = new CallHistory()
  const job = { ...JOB, url, streamUrl, burstsPerSecond: 50, durationMs: 400 }
  const result = await runFanOut(job, history, () => started.push(history.nextSequence))
  expect(started).toEqual([1])
  const events = history.nextSequence - 1
  // 450 ms at 50 bursts/s of 4 events; a busy machine makes the run longer, and never shorter.
  expect(events).toBeGreaterThanOrEqual(22 * JOB.inFlight)
  expect(events % JOB.inFlight).toBe(0)
  expect(result).toMatchObject(CLEAN)
})

test('a target that does not keep up with the rate ends the run', async () => {
  const { url, streamUrl } = await startStreamServer(() => [])
  const run = runFanOut({ ...JOB, url, streamUrl, burstsPerSecond: 200, durationMs: 20_000 }, new CallHistory())
  await expect(run).rejects.toThrow(
    'The target does not keep up with 200 bursts/s of 4 events to 5 subscribers: 16 bursts are under way.',
  )
})

/** What the first subscriber gets in place of every eighth frame, never the last of a burst: the next one tells of it. */
const everyEighth =
  (change: (frame: Frame) => readonly Frame[]): TamperFrame =>
  (frame, count) =>
    count % 8 === 6 ? change(frame) : [frame]

const withEvent = (frame: Frame, change: object): Frame => ({
  ...frame,
  event: { ...(frame['event'] as object), ...change },
})

test.each<[what: string, change: (frame: Frame) => readonly Frame[], reason: string]>([
  ['lost', () => [], 'event_missed'],
  ['doubled', (frame) => [frame, frame], 'event_twice'],
  ['changed', (frame) => [withEvent(frame, { data: { n: 100_000_001 } })], 'wrong_value'],
  ['deleted', (frame) => [withEvent(frame, { type: 'delete' }), frame], 'unexpected_frame: delete'],
  ['of another group', (frame) => [{ ...frame, groupId: 'other' }, frame], 'wrong_group'],
  ['of another item', (frame) => [{ ...frame, id: 'k99999' }, frame], 'wrong_item'],
])('an event that is %s makes the run a wrong one', async (_, change, reason) => {
  let tampered = 0
  const { url, streamUrl } = await startStreamServer(
    everyEighth((frame) => {
      tampered++
      return change(frame)
    }),
  )
  const { wrong, verified } = await runFanOut({ ...JOB, url, streamUrl }, new CallHistory())
  expect(tampered).toBeGreaterThan(0)
  expect(verified).toBeGreaterThan(0)
  expect(wrong[reason]).toBe(tampered)
})

test('events that change places make the run a wrong one', async () => {
  let swapped = 0
  let held: Frame | undefined
  const { url, streamUrl } = await startStreamServer((frame, count) => {
    if (count % 4 === 1) {
      held = frame
      return []
    }
    if (held === undefined) return [frame]
    const earlier = held
    held = undefined
    swapped++
    return [frame, earlier]
  })
  const { wrong } = await runFanOut({ ...JOB, url, streamUrl }, new CallHistory())
  expect(swapped).toBeGreaterThan(0)
  expect(wrong).toEqual({ event_out_of_order: swapped })
})

test('a frame that differs from what others got for the event makes the run a wrong one', async () => {
  let tampered = 0
  const { url, streamUrl } = await startStreamServer((frame, count) => {
    if (count % 8 !== 6) return [frame]
    tampered++
    return [{ ...frame, timestamp: 1 }]
  })
  const { wrong } = await runFanOut({ ...JOB, url, streamUrl }, new CallHistory())
  expect(tampered).toBeGreaterThan(0)
  // All others got the same.
  expect(wrong['different_frames']).toBe(tampered * (JOB.subscribers - 1))
})

test('a subscriber that is disconnected ends the run', async () => {
  const { url, streamUrl } = await startStreamServer((frame, count) => (count < 20 ? [frame] : 'cut'))
  const run = runFanOut({ ...JOB, url, streamUrl, durationMs: 20_000 }, new CallHistory())
  await expect(run).rejects.toThrow('closed the connection')
})

test('a refused stream::set, one without an answer and one with two are named', async () => {
  let calls = 0
  const { url, streamUrl } = await startStreamServer(undefined, ({ invocation_id, function_id }) => {
    const base = { type: 'invocationresult', invocation_id, function_id }
    calls++
    if (calls === 3) return [{ ...base, error: { code: 'overloaded', message: 'no' } }]
    return calls === 5 ? [base, base] : [base]
  })
  const result = await runFanOut({ ...JOB, url, streamUrl }, new CallHistory())
  expect(result.wrong).toEqual({ overloaded: 1, unexpected_answer: 1 })
  expect(result.unanswered).toBe(0)
})

test('a target without a stream listener is refused', async () => {
  const run = runFanOut({ ...JOB, url: 'ws://127.0.0.1:1' }, new CallHistory())
  await expect(run).rejects.toThrow('The target has no stream listener.')
})
