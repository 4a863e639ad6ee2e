// The limits of the built-in backend, each reached.
import { expect, onTestFinished, test } from 'vitest'
import { MAX_SET_ASIDE } from '../../../plugins/queue/adapters/backend.ts'
import { BuiltinBackend } from '../../../plugins/queue/adapters/builtin/builtin-backend.ts'
import { FIFO_LIMITS } from '../../../plugins/queue/adapters/builtin/fifo-source.ts'
import { openJobMemory, type JobDatabase } from '../../../plugins/queue/adapters/builtin/job-database.ts'
import { MAX_UNWRITTEN } from '../../../plugins/queue/adapters/builtin/job-outcomes.ts'
import { LANE_POSITIONS, MAX_LANES } from '../../../plugins/queue/adapters/builtin/schema.ts'
import { MAX_ERROR_LENGTH, MAX_HISTORY } from '../../../plugins/queue/job.ts'
import type { QueueSettings } from '../../../plugins/queue/settings.ts'
import { ManualClock, settled } from '../../../testing/index.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { DONE, FAILED, Gate, queueRun, type QueueRun } from './backend-run.ts'

interface Scene extends QueueRun {
  readonly store: JobDatabase
  readonly clock: ManualClock
  /** While true whatever deliveries come to can't be written. */
  readonly fault: { full: boolean }
}

async function scene(settings: Partial<QueueSettings> = {}, prepare?: (store: JobDatabase) => void): Promise<Scene> {
  const log = collectingLog()
  const memory = openJobMemory({ log })
  prepare?.(memory)
  const fault = { full: false }
  const store: JobDatabase = {
    database: memory.database,
    run: (operation, options) =>
      fault.full ? Promise.reject(new Error('the disk is full')) : memory.run(operation, options),
    close: () => memory.close(),
  }
  const clock = new ManualClock()
  const backend = new BuiltinBackend({ store, log, clock })
  onTestFinished(() => backend.close(0))
  return { ...(await queueRun(backend, settings)), store, clock, fault }
}

test('what could not be written is written later, and its job is not delivered meanwhile', async () => {
  const run = await scene({ concurrency: 1 })
  await run.put('x', 'y')
  await run.consume((payload) => {
    if (payload === 'x') run.fault.full = true
    return DONE
  })
  await run.begun.take(2)
  await settled()
  expect(run.settled.items).toEqual([])
  expect(await run.backend.stats(run.queue)).toMatchObject({ waiting: 0, active: 0 })
  await run.clock.pass(5_000)
  expect(run.begun.items).toEqual(['x', 'y'])
  run.fault.full = false
  await run.clock.pass(1_000)
  expect((await run.settled.take(2)).map(({ how }) => how.kind)).toEqual(['done', 'done'])
})

test(`with ${MAX_UNWRITTEN} outcomes that could not be written nothing further is delivered`, async () => {
  const run = await scene({ concurrency: 7 })
  await run.put(...Array.from({ length: MAX_UNWRITTEN + 50 }, (_, index) => index))
  let breaks = true
  await run.consume(() => {
    run.fault.full = breaks
    return DONE
  })
  await run.begun.take(MAX_UNWRITTEN)
  await settled()
  const begun = run.begun.items.length
  expect(begun).toBeLessThan(MAX_UNWRITTEN + 7)
  breaks = false
  run.fault.full = false
  await run.clock.pass(1_000)
  await run.begun.take(MAX_UNWRITTEN + 50)
})

test(`${MAX_SET_ASIDE} jobs may be set aside, a further one keeps its slot`, async () => {
  const run = await scene({ concurrency: 2 })
  const answers: boolean[] = []
  const gate = new Gate()
  await run.put(...Array.from({ length: MAX_SET_ASIDE + 5 }, (_, index) => index))
  await run.consume(async (_payload, delivery) => {
    answers.push(delivery.setAside())
    await gate.pass()
    return (await delivery.takeUp()) ? DONE : { kind: 'returned' }
  })
  await run.begun.take(MAX_SET_ASIDE + 2)
  await settled()
  expect(answers.filter(Boolean)).toHaveLength(MAX_SET_ASIDE)
  expect(answers.slice(-2)).toEqual([false, false])
  expect(run.begun.items).toHaveLength(MAX_SET_ASIDE + 2)
  gate.open()
  await run.settled.take(MAX_SET_ASIDE + 5)
})

test(`${FIFO_LIMITS.maxBusyGroups} groups may wait for their next attempt, no further one begins`, async () => {
  const { maxBusyGroups } = FIFO_LIMITS
  const run = await scene({ type: 'fifo', concurrency: 100, backoffMs: 1_000, maxAttempts: 2 })
  await run.backend.enqueue(
    Array.from({ length: maxBusyGroups + 20 }, (_, n) => ({
      queue: run.queue,
      job: { id: `${n}`, functionId: 'f', data: `${n}`, group: `${n}` },
    })),
  )
  let fails = true
  await run.consume(() => (fails ? FAILED : DONE))
  await run.settled.take(maxBusyGroups, 15_000)
  await settled()
  expect(run.begun.items).toHaveLength(maxBusyGroups)
  fails = false
  await run.clock.pass(2_000)
  await run.settled.take(2 * maxBusyGroups + 20, 15_000)
})

test('a job remembers its last failures, with messages that are cut', async () => {
  const run = await scene({ maxAttempts: MAX_HISTORY + 3, backoffMs: 0 })
  let attempt = 0
  await run.put('x')
  await run.consume(() => ({ kind: 'failed', code: `c${++attempt}`, message: 'm'.repeat(MAX_ERROR_LENGTH + 1) }))
  await run.clock.pass(1_000)
  const [letter] = await run.backend.deadLetters(run.queue, { offset: 0, limit: 1, order: 'newest' })
  expect(letter!.job.history.map(({ code }) => code)).toEqual(
    Array.from({ length: MAX_HISTORY }, (_, index) => `c${index + 4}`),
  )
  expect(letter!.error.message).toHaveLength(MAX_ERROR_LENGTH)
})

test(`more than ${MAX_LANES} queues and priorities are refused`, async () => {
  const run = await scene({}, ({ database }) => {
    const add = database.prepare('INSERT INTO lane (number, queue, priority) VALUES (?, ?, 0)')
    database.exec('BEGIN')
    for (let number = 2; number <= MAX_LANES; number++) add.run(number, 1_000_000 + number)
    database.exec('COMMIT')
  })
  await run.put('has the last one')
  await expect(run.putWith('x', { priority: 1 })).rejects.toMatchObject({
    code: 'queue_full',
    message: expect.stringContaining(`${MAX_LANES} queues and priorities`),
  })
  await run.put('another')
  expect((await run.backend.stats(run.queue)).waiting).toBe(2)
})

test('a queue whose places are used up says so', async () => {
  const run = await scene()
  await run.put('first')
  const key = `named ${run.queue.key}`
  const { database } = run.store
  const lane = database
    .prepare('SELECT l.number FROM lane l JOIN queue q ON l.queue = q.number WHERE q.key = ?')
    .get(key)
  const last = (Number(lane!['number']) + 1) * LANE_POSITIONS - 1
  database.prepare('UPDATE waiting SET position = ?').run(last)
  const again = new BuiltinBackend({ store: run.store, log: collectingLog() })
  await expect(
    again.enqueue([{ queue: run.queue, job: { id: 'x', functionId: 'f', data: '1' } }]),
  ).rejects.toMatchObject({
    code: 'queue_full',
    message: expect.stringContaining('places are used up'),
  })
})

test('10,000 dead letters are put back in their order', async () => {
  const run = await scene({ maxAttempts: 1, concurrency: 50 })
  const all = Array.from({ length: 10_000 }, (_, index) => index)
  let fails = true
  await run.put(...all)
  await run.consume(() => (fails ? FAILED : DONE))
  await run.settled.take(10_000, 15_000)
  fails = false
  expect(await run.backend.redrive(run.queue, 'all')).toBe(10_000)
  await run.settled.take(20_000, 15_000)
  expect(run.begun.items.slice(10_000)).toEqual(all)
  expect(await run.backend.stats(run.queue)).toMatchObject({ waiting: 0, delayed: 0, dead: 0, active: 0 })
})
