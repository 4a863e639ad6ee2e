// What is in a queue on the server: figures, jobs, dead letters; and dead letters put back or forgotten, many of them in steps.
import type { DeadLetter, Job } from '../../job.ts'
import type { DeadLetterChoice, DeadLetterPage, Page, QueueRef, QueueStats } from '../backend.ts'
import { deadLetterOf, readJob, readJobs, type StoredJob } from './job-record.ts'
import { queueKey, type Key } from './queue-keys.ts'
import type { QueueServer } from './queue-server.ts'

/** Jobs that are read or moved in one step. */
const STEP = 500

type Listed = [handles: string[], records: (string | null)[], states: (string | null)[], numbers?: string[]]

export async function statsOf(server: QueueServer, queue: QueueRef): Promise<QueueStats> {
  const reply = await server.run('stats', [queueKey(queue)], [])
  const [waiting, active, delayed, dead, paused, first] = reply as [number, number, number, number, string, string]
  return {
    waiting,
    active,
    delayed,
    dead,
    paused: paused === '1',
    oldestAt: first === '' ? undefined : readJob('', first, undefined).job.createdAt,
  }
}

export async function jobsOf(server: QueueServer, key: Key, which: 'waiting' | 'delayed', page: Page): Promise<Job[]> {
  return inSteps(page, async ({ offset, limit }) => {
    const [handles, records, states] = (await server.run('list', [key], [which, offset, limit])) as Listed
    return { seen: handles.length, found: readJobs(handles, records, states).map(({ job }) => job) }
  })
}

export async function deadLetters(
  server: QueueServer,
  queue: QueueRef,
  { order, ...page }: DeadLetterPage,
): Promise<DeadLetter[]> {
  return inSteps(page, async ({ offset, limit }) => {
    const { jobs, seen } = await listDead(server, queue, order, offset, limit, '+inf')
    return { seen, found: jobs.map(deadLetterOf) }
  })
}

export async function deadLetter(server: QueueServer, queue: QueueRef, id: string): Promise<DeadLetter | undefined> {
  const [handles, records] = (await server.run('findDead', [queueKey(queue)], [JSON.stringify(id)])) as Listed
  return readJobs(handles, records, []).map(deadLetterOf)[0]
}

export function redrive(server: QueueServer, queue: QueueRef, which: DeadLetterChoice): Promise<number> {
  return endDeath(server, queue, which, 'redrive')
}

export function discard(server: QueueServer, queue: QueueRef, which: DeadLetterChoice): Promise<number> {
  return endDeath(server, queue, which, 'discard')
}

async function endDeath(
  server: QueueServer,
  queue: QueueRef,
  which: DeadLetterChoice,
  how: 'redrive' | 'discard',
): Promise<number> {
  const end = async (jobs: readonly StoredJob[]): Promise<number> => {
    if (jobs.length === 0) return 0
    const args = jobs.flatMap(({ handle, job, bytes }) => [handle, JSON.stringify(job.id), bytes])
    return (await server.run('endDeath', [queueKey(queue)], [how, ...args])) as number
  }
  let count = 0
  if (which !== 'all') {
    const ids = [...new Set(which.ids)].map((id) => JSON.stringify(id))
    for (let from = 0; from < ids.length; from += STEP) {
      const reply = await server.run('findDead', [queueKey(queue)], ids.slice(from, from + STEP))
      const [handles, records] = reply as Listed
      count += await end(readJobs(handles, records, []))
    }
    return count
  }
  // What fails again meanwhile gets a larger number, and stays.
  const { numbers } = await listDead(server, queue, 'newest', 0, 1, '+inf')
  const last = numbers[0]
  if (last === undefined) return 0
  for (;;) {
    const { jobs } = await listDead(server, queue, 'oldest', 0, STEP, last)
    if (jobs.length === 0) return count
    count += await end(jobs)
  }
}

async function listDead(
  server: QueueServer,
  queue: QueueRef,
  order: DeadLetterPage['order'],
  offset: number,
  limit: number,
  upTo: string,
) {
  const reply = await server.run('listDead', [queueKey(queue)], [order, offset, limit, upTo])
  const [handles, records, states, numbers = []] = reply as Listed
  return { jobs: readJobs(handles, records, states), numbers, seen: handles.length }
}

async function inSteps<T>(
  { offset, limit }: Page,
  read: (page: Page) => Promise<{ readonly seen: number; readonly found: readonly T[] }>,
): Promise<T[]> {
  const all: T[] = []
  for (let at = 0; at < limit; at += STEP) {
    const wanted = Math.min(STEP, limit - at)
    const { seen, found } = await read({ offset: offset + at, limit: wanted })
    all.push(...found)
    if (seen < wanted) break
  }
  return all
}
