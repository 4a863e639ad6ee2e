// What RabbitMQ hands straight back to the engine that has just given it away, as the line of a queue asks about it.
import { expect, test, vi } from 'vitest'
import { HeldJob } from '../../../plugins/queue/adapters/rabbitmq/held-job.ts'
import { LackingJobs } from '../../../plugins/queue/adapters/rabbitmq/lacking-jobs.ts'
import type { Consumer } from '../../../plugins/queue/adapters/backend.ts'
import type { Job } from '../../../plugins/queue/job.ts'
import { ManualClock } from '../../../testing/index.ts'

const lacks: Consumer = { deliver: async () => ({ kind: 'done' }), canRun: () => false }
const has: Consumer = { ...lacks, canRun: () => true }

function scene() {
  const clock = new ManualClock()
  const jobs = new LackingJobs(clock, async () => true)
  /** It is set aside. @param left called in the moment in which it is given back */
  const stay = (job: Job, left: () => void): void => {
    const message = { content: Buffer.from(''), fields: {}, properties: {} }
    const held = new HeldJob(job, { channel: {}, message } as never, { setAside: () => true, takeUp: () => {} })
    held.phase = 'aside'
    held.setAside(true, left)
    jobs.offer(held)
  }
  return { clock, jobs, stay }
}

function jobOf(id: string): Job {
  return { id, functionId: 'f', data: '1', priority: 0, attempts: 0, createdAt: 0, history: [] }
}

test('a job that this engine has not had stays, one that comes again later as well', async () => {
  const { clock, jobs, stay } = scene()
  const left = vi.fn()
  expect(jobs.passesOn(jobOf('a'), lacks)).toBe(false)
  stay(jobOf('a'), left)
  await clock.pass(100)
  expect(left).toHaveBeenCalledOnce()
  expect(jobs.passesOn(jobOf('a'), lacks)).toBe(false)
})

test('one that comes straight back goes on at once so many times, and again when it has stayed', async () => {
  const { clock, jobs, stay } = scene()
  for (let round = 0; round < 2; round++) {
    const times: boolean[] = []
    stay(jobOf('a'), () => times.push(...Array.from({ length: 20 }, () => jobs.passesOn(jobOf('a'), lacks))))
    await clock.pass(100)
    expect(times).toEqual(Array.from({ length: 20 }, (_, index) => index < 16))
  }
})

test('one whose function has come meanwhile is kept', async () => {
  const { clock, jobs, stay } = scene()
  const times: boolean[] = []
  stay(jobOf('a'), () => times.push(jobs.passesOn(jobOf('a'), has)))
  await clock.pass(100)
  expect(times).toEqual([false])
})

test('not more than 500 a second go on at once', async () => {
  const { clock, jobs, stay } = scene()
  const times: boolean[] = []
  for (let index = 0; index < 600; index++) {
    const job = jobOf(String(index))
    stay(job, () => times.push(jobs.passesOn(job, lacks)))
  }
  await clock.pass(100)
  expect(times).toEqual(Array.from({ length: 600 }, (_, index) => index < 500))
})
